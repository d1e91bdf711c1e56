"""Routes of accounts. The shell includes them at the root, and allauth's at `/accounts/`."""

from django.urls import include, path

from accounts import api, views
from accounts.billing import api as billing_api
from accounts.billing import views as billing
from accounts.devices import api as devices_api
from accounts.devices import views as devices
from accounts.signing import api as signing_api
from accounts.tv import api as tv_api
from accounts.tv import views as tv

urlpatterns = [
    path("profiles/", views.profiles, name="profiles"),
    path("profiles/new/", views.new_profile, name="new_profile"),
    path("profiles/choose/<uuid:profile_id>/", views.choose_profile, name="choose_profile"),
    path("profiles/<uuid:profile_id>/edit/", views.edit_profile, name="edit_profile"),
    path("profiles/<uuid:profile_id>/delete/", views.delete_profile, name="delete_profile"),
    path("profiles/<uuid:profile_id>/enter/", views.enter_profile, name="enter_profile"),
    path("profiles/<uuid:profile_id>/pin/", views.profile_pin, name="profile_pin"),
    path("profiles/<uuid:profile_id>/move/", views.profile_transfer, name="profile_transfer"),
    path("profiles/join/<str:secret>/", views.take_profile, name="take_profile"),
    path("language/", views.set_language, name="set_language"),
    path("account/", views.account, name="account"),
    path("account/plan/", billing.plans, name="plans"),
    path("account/plan/<uuid:plan_id>/", billing.change_plan, name="change_plan"),
    path("account/plan/cancel/", billing.cancel_plan, name="cancel_plan"),
    path("account/plan/resume/", billing.resume_plan, name="resume_plan"),
    path("account/plan/portal/", billing.plan_portal, name="plan_portal"),
    path("account/plan/done/", billing.plan_done, name="plan_done"),
    path("account/invoices/<uuid:invoice_id>/", billing.invoice, name="invoice"),
    path("api/v1/subscription", billing_api.SubscriptionDetail.as_view(), name="api_subscription"),
    path("api/v1/payments/stripe", billing.stripe_news, name="stripe_news"),
    path("account/devices/", devices.devices, name="devices"),
    path("account/devices/end-all/", devices.end_all_devices, name="end_all_devices"),
    path("account/devices/<uuid:device_id>/name/", devices.rename_device, name="rename_device"),
    path("account/devices/<uuid:device_id>/end/", devices.end_device, name="end_device"),
    path("api/v1/devices", devices_api.DeviceList.as_view(), name="api_devices"),
    path("api/v1/devices/<uuid:device_id>", devices_api.DeviceDetail.as_view(), name="api_device"),
    path("tv/", tv.screen, name="tv"),
    path("link/", tv.link, name="tv_link"),
    path("tv/poll/", tv.poll, name="tv_poll"),
    path("tv/approve/", tv.approve, name="tv_approve"),
    path("tv/answer/", tv.answer, name="tv_answer"),
    path("api/v1/account/proof", signing_api.Proof.as_view(), name="api_proof"),
    path("api/v1/tv/codes", tv_api.TvCodes.as_view(), name="api_tv_codes"),
    path("api/v1/tv/token", tv_api.TvToken.as_view(), name="api_tv_token"),
    path("api/v1/tv/approve", tv_api.TvApprove.as_view(), name="api_tv_approve"),
    path("", include("accounts.privacy.urls")),
    path("api/v1/profiles", api.ProfileList.as_view(), name="api_profiles"),
    path("api/v1/profiles/<uuid:profile_id>", api.ProfileDetail.as_view(), name="api_profile"),
    path("api/v1/profiles/<uuid:profile_id>/enter", api.Enter.as_view(), name="api_profile_enter"),
    path("api/v1/profiles/<uuid:profile_id>/unlock", api.Unlock.as_view(), name="api_profile_unlock"),
    path("api/v1/profiles/<uuid:profile_id>/pin", api.Pin.as_view(), name="api_profile_pin"),
    path("api/v1/profiles/<uuid:profile_id>/blocked", api.Blocked.as_view(), name="api_profile_blocked"),
    path(
        "api/v1/profiles/<uuid:profile_id>/blocked/<uuid:title_id>",
        api.BlockedTitle.as_view(),
        name="api_profile_blocked_title",
    ),
    path(
        "api/v1/profiles/<uuid:profile_id>/transfer",
        api.ProfileTransfer.as_view(),
        name="api_profile_transfer",
    ),
    path("api/v1/profiles/transfer", api.TakeProfile.as_view(), name="api_take_profile"),
]
