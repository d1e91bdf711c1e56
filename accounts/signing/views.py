"""Pages of signing in that allauth does not have, or has otherwise."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.flows import auto_generate_recovery_codes
from allauth.mfa.webauthn import views as allauth_views
from allauth.mfa.webauthn.internal import auth as webauthn
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import doors
from accounts.signing import factors, recency, sessions


@require_GET
def prove_yourself(request: HttpRequest) -> HttpResponse:
    """Lead to the way of proving oneself again that suits the account best, and back to `next` afterwards."""
    back = doors.safe_next(request, request.GET.get("next", "")) or reverse("account")
    if recency.is_recent(request):
        return HttpResponseRedirect(back)
    methods = get_adapter().get_reauthentication_methods(request.user)
    if not methods:
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(f"{methods[0]['url']}?{urlencode({'next': back})}")


@login_not_required
def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin has no sign-in of its own: it would know neither second steps nor the count of wrong passwords."""
    back = doors.safe_next(request, request.GET.get("next", "")) or reverse("admin:index")
    if request.user.is_authenticated:
        return HttpResponseRedirect(back if request.user.is_staff else reverse("home"))
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': back})}")


def admin_password(_request: HttpRequest) -> HttpResponse:
    """Nor has it a way of its own to change one's password."""
    return redirect("account_change_password")


@require_GET
def staff_factor(request: HttpRequest) -> HttpResponse:
    """What an operator needs before the admin opens: give the second factor, or set the first one up."""
    back = doors.safe_next(request, request.GET.get("next", "")) or reverse("admin:index")
    if not request.user.is_staff or not doors.lacks_factor(request):
        return HttpResponseRedirect(back)
    if factors.has_factor(request.user.pk):
        ways = get_adapter().get_reauthentication_methods(request.user)
        with_factor = [way["url"] for way in ways if way["id"].startswith("mfa_")]
        return HttpResponseRedirect(f"{with_factor[0]}?{urlencode({'next': back})}")
    sessions.lead_on_to(request, back)
    context = {"next": back, "passkeys_possible": factors.passkeys_possible(request)}
    return render(request, "account/staff_factor.html", context)


@require_GET
def list_sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in: the page of devices has it all. This address is of before there was one."""
    return redirect("devices")


@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Sign one session out; another account's does not exist for them."""
    if not sessions.end(request, session_id):
        raise Http404("There is no such session.")
    messages.success(request, _("Signed out there."))
    return redirect("devices")


@require_POST
def sign_out_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    ended = sessions.end_others(request)
    if ended:
        messages.success(request, _("Signed out everywhere else."))
    else:
        messages.info(request, _("You are signed in nowhere else."))
    return HttpResponseRedirect(_back(request))


@require_POST
def keep_others(request: HttpRequest) -> HttpResponse:
    """The offer to sign out elsewhere is turned down."""
    sessions.withdraw_offer(request)
    return HttpResponseRedirect(_back(request))


class AddPasskey(allauth_views.AddWebAuthnView):  # type: ignore[misc]  # allauth carries no types
    """Add a passkey: the browser is asked for one that can sign in alone, and to check who holds it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not factors.passkeys_possible(request):
            messages.error(request, _("Browsers allow passkeys only at addresses with a name, over https."))
            return redirect("mfa_index")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The browser's options: resident, and with the holder verified."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["js_data"] = {"creation_options": webauthn.begin_registration(self.request.user, True)}
        return context

    def get_success_url(self) -> str:
        """To the recovery codes when they are new, else on."""
        if self.did_generate_recovery_codes:
            return reverse("mfa_view_recovery_codes")
        return sessions.way_on(self.request) or reverse("mfa_index")


class SignInWithPasskey(allauth_views.LoginWebAuthnView):  # type: ignore[misc]  # allauth carries no types
    """Sign in by a passkey alone; leads on to `next`."""

    def get_success_url(self) -> str:
        """Where the visitor was going."""
        return doors.safe_next(self.request, self.request.POST.get("next", ""))

    def form_valid(self, form: Any) -> HttpResponse:
        """Whoever the passkey belongs to is signed in, past any lock on the password."""
        from allauth.account.models import Login
        from allauth.mfa.webauthn.internal.flows import perform_passwordless_login

        authenticator = form.cleaned_data["credential"]
        login = Login(user=authenticator.user, redirect_url=self.get_success_url() or None)
        answer: HttpResponse = perform_passwordless_login(self.request, authenticator, login)
        return answer


class ProveByPasskey(allauth_views.ReauthenticateWebAuthnView):  # type: ignore[misc]
    """Prove oneself again by a passkey. A refused one leads back to the same page, not to the sign-in."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Say what was wrong, and offer it again."""
        for message in form.errors.get("credential", []):
            messages.error(self.request, message)
        return HttpResponseRedirect(self.passthrough_next_url(self.request.path))


class SignUpWithPasskey(allauth_views.SignupWebAuthnView):  # type: ignore[misc]
    """The last step of signing up by passkey. The account gets recovery codes: a lost passkey is not a lost account."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep the passkey, sign in, and lead to the recovery codes."""
        response: HttpResponse = super().form_valid(form)
        if not self.request.user.is_authenticated:
            return response
        record_authentication(
            self.request, self.request.user, "mfa", type=Authenticator.Type.WEBAUTHN, passwordless=True
        )
        if auto_generate_recovery_codes(self.request):
            return redirect("mfa_view_recovery_codes")
        return response


def only_with_relay(view: Any) -> Any:
    """Signing up by passkey needs a proved address, so a mail relay; without one the page does not exist."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.MFA_PASSKEY_SIGNUP_ENABLED:
            raise Http404("Signing up by passkey needs a mail relay.")
        answer: HttpResponseBase = view(request, *args, **kwargs)
        return answer

    return login_not_required(guarded)


def _back(request: HttpRequest) -> str:
    return doors.safe_next(request, request.POST.get("next", "")) or reverse("devices")
