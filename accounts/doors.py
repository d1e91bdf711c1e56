"""What views and endpoints of every app use to know who is asking."""

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import services
from accounts.signing import recency
from accounts.types import Profile

if TYPE_CHECKING:  # REST framework itself imports this module while it loads its views
    from rest_framework.views import APIView

Rest = ParamSpec("Rest")

#: Where the Django session keeps the id of the profile that is watching, and that of the device it is open on.
SESSION_KEY = "profile_id"
SESSION_DEVICE = "device_id"
#: And where it keeps the stamp of the lock that it came through to it (accounts/entering.py).
STAMP_KEY = "profile_stamp"

#: Pages and endpoints that a kids profile may not open: they change the account or run the site.
_NOT_FOR_KIDS = frozenset(
    {
        "account",
        "devices",
        "rename_device",
        "end_device",
        "end_all_devices",
        "api_devices",
        "api_device",
        "plans",
        "change_plan",
        "cancel_plan",
        "resume_plan",
        "plan_portal",
        "plan_done",
        "invoice",
        "api_subscription",
        "watching",
        "stop_stream",
        "playback-stop",
        "account_data",
        "ask_export",
        "fetch_export",
        "erase_account",
        "keep_account",
        "api_exports",
        "api_export_file",
        "api_erasure",
        "new_profile",
        "edit_profile",
        "delete_profile",
        "profile_pin",
        "profile_transfer",
        "take_profile",
        "blocked_titles",
        "profile_history",
        "recommendations",
        "api_recommendations",
        "api_start_anew",
        "api_known_title",
        "account_change_password",
        "account_set_password",
        "account_email",
        "account_reauthenticate",
        "account_email_verification_sent",
        "prove_yourself",
        "staff_factor",
        "end_session",
        "sign_out_others",
        "keep_others",
        "usersessions_list",
        "mfa_index",
        "mfa_reauthenticate",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_generate_recovery_codes",
        "mfa_view_recovery_codes",
        "mfa_download_recovery_codes",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "mfa_edit_webauthn",
        "mfa_remove_webauthn",
        "mfa_reauthenticate_webauthn",
        "tv_approve",
        "tv_answer",
        "api_tv_approve",
    }
)
#: Of these, what manages profiles: where a household has children or PINs, a grown-up's profile is entered first.
_MANAGES_PROFILES = frozenset(
    {
        "new_profile",
        "edit_profile",
        "delete_profile",
        "profile_pin",
        "blocked_titles",
        "profile_history",
        "recommendations",
    }
)
#: And what shows or changes the account without asking for a proof itself: the same holds for it. Not the ways to prove
#: oneself, nor to a new password: they have to stand open.
_OF_THE_ACCOUNT = frozenset(
    {
        "account",
        "devices",
        "rename_device",
        "end_device",
        "plans",
        "cancel_plan",
        "change_plan",
        "plan_done",
        "invoice",
        "account_data",
        "account_email",
        "end_session",
        "sign_out_others",
        "usersessions_list",
        "mfa_index",
        "mfa_list_webauthn",
        "mfa_edit_webauthn",
        "tv_approve",
        "tv_answer",
    }
)
_NOT_FOR_KIDS_NAMESPACES = frozenset({"admin"})


class ProfileRequest(HttpRequest):
    """A request that came through `profile_required`: somebody has said who is watching."""

    profile: Profile


def profile_of(request: HttpRequest | Request) -> Profile:
    """The profile that is watching. For views behind `profile_required` and endpoints behind `HasProfile`;
    raises PermissionDenied elsewhere.
    """
    profile = getattr(request, "profile", None)
    if not isinstance(profile, Profile):
        raise PermissionDenied(_("Choose a profile first."))
    return profile


def device_of(request: HttpRequest) -> UUID | None:
    """The device that this request's session is open on."""
    try:
        return UUID(str(request.session.get(SESSION_DEVICE, "")))
    except ValueError:
        return None


def profile_required(
    view: Callable[Concatenate[ProfileRequest, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    """Send who has not chosen a profile to the gate, and back here afterwards."""

    def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        if getattr(request, "profile", None) is None:
            return HttpResponseRedirect(
                f"{reverse('profiles')}?{urlencode({'next': request.get_full_path()})}"
            )
        return view(cast(ProfileRequest, request), *args, **kwargs)

    update_wrapper(guarded, view)
    return login_required(guarded)


def operator_required(
    view: Callable[Concatenate[HttpRequest, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    """Only for those who run the site; a kids profile of an operator is not one of them."""

    def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        if not _is_operator(request):
            raise PermissionDenied(_("This page is for operators."))
        if lacks_factor(request):
            return lead_to_factor(request)
        return view(request, *args, **kwargs)

    update_wrapper(guarded, view)
    return login_required(guarded)


def recent_sign_in_required(
    view: Callable[Concatenate[HttpRequest, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    """Only for who gave password, passkey or code in this session within the last ten minutes.

    Others are asked for one and come back: to the page itself, or, after a form, to the page that the form is on. What
    the form said is not kept meanwhile, since it may be a secret.
    """

    def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        if recency.is_recent(request):
            return view(request, *args, **kwargs)
        return lead_to_proof(request)

    update_wrapper(guarded, view)
    return login_required(guarded)


class HasProfile(BasePermission):
    """Signed in and a profile chosen: the API's default."""

    message = gettext_lazy("Choose a profile first.")

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether somebody has said who is watching."""
        return bool(request.user.is_authenticated) and getattr(request, "profile", None) is not None


class IsOperator(BasePermission):
    """Only for those who run the site."""

    message: object = gettext_lazy("This is for operators.")
    code = "permission_denied"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether who is asking runs the site, and has given a second factor where the setting wants one."""
        if not _is_operator(request):
            return False
        if lacks_factor(request):
            self.message = _("Operators sign in with a second step: set one up on the account page.")
            self.code = "second_factor_required"
            return False
        return True


class IsGrownUp(BasePermission):
    """A grown-up of this household: see `is_grown_up`."""

    message: object = gettext_lazy("This is not for kids profiles.")
    code = "not_for_kids"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether an adult of this household is asking."""
        if not request.user.is_authenticated or is_grown_up(request):
            return bool(request.user.is_authenticated)
        if getattr(request, "profile", None) is None:
            self.message, self.code = _("Choose a grown-up's profile first."), "choose_profile"
        return False


class IsRecent(BasePermission):
    """Only for who gave password, passkey or code in this session within the last ten minutes."""

    message = gettext_lazy("First show that it is you: give your password or passkey again.")
    code = "recent_sign_in_required"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the proof is recent."""
        return bool(request.user.is_authenticated) and recency.is_recent(request._request)


def note_proof(request: HttpRequest, method: str = "password") -> None:
    """Keep in the session that who is signed in here has just given the account's `method`: no need to ask again."""
    recency.note(request, method)


def safe_next(request: HttpRequest, address: str) -> str:
    """`address`, which came with a request, if it is a path of this site; else ''. For going back after a form."""
    inside = url_has_allowed_host_and_scheme(address, allowed_hosts=None, require_https=request.is_secure())
    return address if inside and address.startswith("/") else ""


def is_kid(request: HttpRequest | Request) -> bool:
    """Whether a kids profile is watching at this browser."""
    profile = getattr(request, "profile", None)
    return isinstance(profile, Profile) and profile.is_kid


def is_grown_up(request: HttpRequest | Request) -> bool:
    """Whether a grown-up of this household is asking: in a grown-up's profile, or, before one is chosen, where there is
    neither a child nor a PIN to pass by, or with the account's password or passkey given just now.
    """
    profile = getattr(request, "profile", None)
    if isinstance(profile, Profile):
        return not profile.is_kid
    plain = request._request if isinstance(request, Request) else request
    if plain.user.pk is None:
        return False
    return not services.guarded(plain.user.pk) or recency.is_recent(plain)


def pin_first(request: HttpRequest, profile: Profile) -> HttpResponse | None:
    """The answer to who wants to change a locked profile without its PIN; None lets the request pass."""
    from accounts import entering  # it needs the keys above

    if entering.may_change(request, profile):
        return None
    asked = urlencode({"for": "change", "next": request.path})
    return HttpResponseRedirect(f"{reverse('enter_profile', args=[profile.id])}?{asked}")


def proof_to_unblock(request: HttpRequest, title_id: UUID) -> HttpResponse | None:
    """The answer to who wants to allow a title that is blocked on the very profile that asks; None lets it pass."""
    from accounts import entering  # it needs the keys above

    return None if entering.may_unblock(request, title_id) else lead_to_proof(request)


def refuse_kid(request: HttpRequest) -> HttpResponse | None:
    """The answer to a kids profile that opens what is not for kids; None lets the request pass."""
    match = request.resolver_match
    if match is None:
        return None
    if not is_kid(request):
        return _refuse_unknown(request, match.url_name or "")
    if match.url_name not in _NOT_FOR_KIDS and not _NOT_FOR_KIDS_NAMESPACES.intersection(match.namespaces):
        return None
    if request.path.startswith("/api/"):
        error = {"code": "not_for_kids", "message": str(IsGrownUp.message)}
        return JsonResponse({"error": error}, status=403)
    messages.error(request, _("That page is for grown-ups: choose a grown-up's profile first."))
    return redirect("profiles")


def _refuse_unknown(request: HttpRequest, url_name: str) -> HttpResponse | None:
    """The answer to who manages profiles or the account before saying who is watching, where that might be a child."""
    if getattr(request, "profile", None) is not None or url_name not in _MANAGES_PROFILES | _OF_THE_ACCOUNT:
        return None
    if not request.user.is_authenticated or is_grown_up(request):
        return None
    messages.error(request, _("Choose a grown-up's profile first."))
    if request.method != "GET" or url_name in _MANAGES_PROFILES:
        return redirect("profiles")
    return redirect(f"{reverse('profiles')}?{urlencode({'next': request.get_full_path()})}")


def lacks_factor(request: HttpRequest | Request) -> bool:
    """Whether an operator is asking who has to give a second factor first (NETFLIXLITE_STAFF_MFA=required)."""
    if settings.STAFF_MFA != "required" or not getattr(request.user, "is_staff", False):
        return False
    plain = request._request if isinstance(request, Request) else request
    return not recency.had_factor(plain)


def lead_to_factor(request: HttpRequest) -> HttpResponse:
    """Send an operator to where a second factor is given, or set up, and back here afterwards."""
    return redirect(f"{reverse('staff_factor')}?{urlencode({'next': request.get_full_path()})}")


def lead_to_proof(request: HttpRequest) -> HttpResponse:
    """Ask who is signed in here for the password, a passkey or a code, and lead back: see `recent_sign_in_required`."""
    if request.method in ("GET", "HEAD"):
        back = request.get_full_path()
    else:
        messages.info(request, _("First show that it is you. Then do it once more."))
        back = _page_of_form(request)
    return redirect(f"{reverse('prove_yourself')}?{urlencode({'next': back})}")


def _page_of_form(request: HttpRequest) -> str:
    """The page of ours that a form was sent from; its own address when the browser does not say."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.get_host():
        return request.path
    return safe_next(request, came_from._replace(scheme="", netloc="").geturl()) or request.path


def _is_operator(request: HttpRequest | Request) -> bool:
    user = request.user
    return bool(user.is_authenticated and user.is_active and user.is_staff) and not is_kid(request)
