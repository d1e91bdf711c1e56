"""Routes of signing in, below `/accounts/`. They stand before allauth's own, of which some are ours instead."""

from allauth.account.views import signup_by_passkey
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from accounts.signing import views

urlpatterns = [
    path("prove/", views.prove_yourself, name="prove_yourself"),
    path("operators/", views.staff_factor, name="staff_factor"),
    path("sessions/", views.list_sessions, name="usersessions_list"),
    path("sessions/<int:session_id>/end/", views.end_session, name="end_session"),
    path("sessions/end-others/", views.sign_out_others, name="sign_out_others"),
    path("sessions/keep-others/", views.keep_others, name="keep_others"),
    path("2fa/webauthn/add/", views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path(
        "2fa/webauthn/login/",
        login_not_required(views.SignInWithPasskey.as_view()),
        name="mfa_login_webauthn",
    ),
    path("2fa/webauthn/reauthenticate/", views.ProveByPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
    path(
        "2fa/webauthn/signup/",
        views.only_with_relay(views.SignUpWithPasskey.as_view()),
        name="mfa_signup_webauthn",
    ),
    path("signup/passkey/", views.only_with_relay(signup_by_passkey), name="account_signup_by_passkey"),
]
