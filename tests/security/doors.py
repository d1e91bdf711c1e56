"""The table of doors: each route's name and who may open it, and the things that their addresses name."""

import re
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts import models
from accounts.tests.factories import make_plan
from accounts.types import Profile
from playback import licence_keys
from tests.security.matrix import May

TABLE: dict[str, May] = {
    # In Django's admin's place: they lead to our own pages for it, which are below
    "admin/login/": May.ANYBODY,
    "admin/password_change/": May.ANYBODY,
    # Getting in, and getting out
    "account_login": May.ANYBODY,
    "account_logout": May.ANYBODY,
    "account_inactive": May.ANYBODY,
    "account_signup": May.ANYBODY,
    "account_signup_by_passkey": May.ANYBODY,
    "account_reset_password": May.ANYBODY,
    "account_reset_password_done": May.ANYBODY,
    "account_reset_password_from_key": May.ANYBODY,
    "account_reset_password_from_key_done": May.ANYBODY,
    "account_confirm_email": May.ANYBODY,
    "account_email_verification_sent": May.ANYBODY_GROWN_UP,
    "account_confirm_login_code": May.ANYBODY,
    "mfa_authenticate": May.ANYBODY,
    "mfa_login_webauthn": May.ANYBODY,
    "mfa_signup_webauthn": May.ANYBODY,
    "setup": May.ANYBODY,
    # The account, for grown-ups
    "account": May.GROWN_UP,
    "account_email": May.GROWN_UP,
    "account_change_password": May.GROWN_UP,
    "account_set_password": May.GROWN_UP,
    "account_reauthenticate": May.GROWN_UP,
    "prove_yourself": May.GROWN_UP,
    "api_proof": May.GROWN_UP,
    "mfa_index": May.GROWN_UP,
    "mfa_reauthenticate": May.GROWN_UP,
    "mfa_reauthenticate_webauthn": May.GROWN_UP,
    "mfa_activate_totp": May.GROWN_UP,
    "mfa_deactivate_totp": May.GROWN_UP,
    "mfa_view_recovery_codes": May.GROWN_UP,
    "mfa_generate_recovery_codes": May.GROWN_UP,
    "mfa_download_recovery_codes": May.GROWN_UP,
    "mfa_list_webauthn": May.GROWN_UP,
    "mfa_add_webauthn": May.GROWN_UP,
    "mfa_remove_webauthn": May.OWN_GROWN_UP,
    "mfa_edit_webauthn": May.OWN_GROWN_UP,
    "usersessions_list": May.GROWN_UP,
    "end_session": May.OWN_GROWN_UP,
    "sign_out_others": May.GROWN_UP,
    "keep_others": May.GROWN_UP,
    "staff_factor": May.GROWN_UP,
    # Televisions
    "tv": May.ANYBODY,
    "tv_link": May.SIGNED_IN,
    "tv_poll": May.ANYBODY,
    "tv_approve": May.GROWN_UP,
    "tv_answer": May.GROWN_UP,
    "api_tv_codes": May.ANYBODY,
    "api_tv_token": May.ANYBODY,
    "api_tv_approve": May.GROWN_UP,
    "set_language": May.ANYBODY,
    # Profiles
    "profiles": May.SIGNED_IN,
    "new_profile": May.GROWN_UP,
    "choose_profile": May.OWN,
    "edit_profile": May.OWN_GROWN_UP,
    "delete_profile": May.OWN_GROWN_UP,
    "api_profiles": May.SIGNED_IN,
    "api_profile": May.OWN,
    "enter_profile": May.OWN,
    "api_profile_enter": May.OWN,
    "api_profile_unlock": May.OWN_GROWN_UP,
    "profile_pin": May.OWN_GROWN_UP,
    "api_profile_pin": May.OWN_GROWN_UP,
    "blocked_titles": May.OWN_GROWN_UP,
    "profile_history": May.OWN_GROWN_UP,
    "recommendations": May.OWN_GROWN_UP,
    "api_profile_blocked": May.OWN_GROWN_UP,
    "api_profile_blocked_title": May.OWN_GROWN_UP,
    "profile_transfer": May.OWN_GROWN_UP,
    "api_profile_transfer": May.OWN_GROWN_UP,
    "take_profile": May.GROWN_UP,
    "api_take_profile": May.GROWN_UP,
    # Devices, and who is watching
    "devices": May.GROWN_UP,
    "end_all_devices": May.GROWN_UP,
    "rename_device": May.OWN_GROWN_UP,
    "end_device": May.OWN_GROWN_UP,
    "api_devices": May.GROWN_UP,
    "api_device": May.OWN_GROWN_UP,
    "watching": May.GROWN_UP,
    "stop_stream": May.OWN_GROWN_UP,
    "playback-stop": May.OWN_GROWN_UP,
    # Plans
    "plans": May.GROWN_UP,
    "change_plan": May.GROWN_UP,
    "cancel_plan": May.GROWN_UP,
    "resume_plan": May.GROWN_UP,
    "plan_portal": May.GROWN_UP,
    "plan_done": May.GROWN_UP,
    "invoice": May.OWN_OR_OPERATOR,
    "api_subscription": May.GROWN_UP,
    "stripe_news": May.ANYBODY,  # Stripe's signature opens it
    # What is known of somebody
    "account_data": May.GROWN_UP,
    "ask_export": May.GROWN_UP,
    "fetch_export": May.OWN_GROWN_UP,
    "erase_account": May.GROWN_UP,
    "keep_account": May.GROWN_UP,
    "erasure_proof": May.ANYBODY,  # for whoever has its number: it names nobody
    "api_exports": May.GROWN_UP,
    "api_export_file": May.OWN_GROWN_UP,
    "api_erasure": May.GROWN_UP,
    # What there is to watch
    "home": May.SIGNED_IN,
    "browse": May.SIGNED_IN,
    "search": May.SIGNED_IN,
    "title": May.SIGNED_IN,
    "play": May.SIGNED_IN,
    "watch": May.SIGNED_IN,
    "my_list": May.SIGNED_IN,
    "person": May.SIGNED_IN,
    "history": May.SIGNED_IN,
    "toggle_list": May.SIGNED_IN,
    "thumb": May.SIGNED_IN,
    "hide_title": May.SIGNED_IN,
    "why": May.SIGNED_IN,
    "picks": May.SIGNED_IN,
    "remove_from_continue": May.SIGNED_IN,
    "live": May.ANYBODY,  # who is nobody is told just that (tests/live)
    "live_rows": May.SIGNED_IN,
    "api_titles": May.SIGNED_IN,
    "api_title": May.SIGNED_IN,
    "api_title_preview": May.SIGNED_IN,
    "api_title_preview_picture": May.SIGNED_IN,
    "api_search": May.SIGNED_IN,
    "my_list_entry": May.SIGNED_IN,
    "title_thumb": May.SIGNED_IN,
    "shown": May.SIGNED_IN,
    "hidden_title": May.SIGNED_IN,
    "api_recommendations": May.GROWN_UP,
    "api_start_anew": May.GROWN_UP,
    "api_known_title": May.GROWN_UP,
    "artwork": May.ANYBODY,
    "favicon": May.ANYBODY,
    "schema": May.ANYBODY,
    # Playing
    "playback-sessions": May.SIGNED_IN,
    "api_video_beside": May.SIGNED_IN,
    "playback-bookmark": May.SIGNED_IN,
    "playback-multivariant": May.KEY,
    "playback-mpd": May.KEY,
    "playback-keyed": May.KEY,
    "playback-content-key": May.KEY,
    "playback-segments": May.KEY,
    "playback-steering": May.KEY,
    "playback-begin": May.KEY,
    "playback-beacon": May.KEY,
    "playback-close": May.KEY,
    "playback-token": May.KEY,
    "playback-choice": May.KEY,
    "playback-news": May.KEY,
    # Films that are kept on devices; what works without the site is the same for everybody
    "manifest": May.ANYBODY,
    "service_worker": May.ANYBODY,
    "offline_shell": May.ANYBODY,
    "kept_watch": May.ANYBODY,
    "downloads": May.SIGNED_IN,
    "playback-downloads": May.SIGNED_IN,
    "playback-download-offer": May.SIGNED_IN,
    "playback-download": May.OWN,
    "playback-kept-standing": May.ANYBODY,  # the licences' keys stand in the question (playback/tests/test_keeping.py)
    "playback-kept-token": May.KEY,
    "playback-kept-segments": May.KEY,
    "playback-kept-content-key": May.KEY,
    "playback-kept-done": May.KEY,
    "playback-kept-report": May.KEY,
    "cdn_shield": May.KEY,
    # Operators
    "api_uploads": May.OPERATOR,
    "api_upload": May.OPERATOR,
    # Nodes, and the site's own commands, which sign with the site's key
    "cdn_enrol": May.ANYBODY,  # a code opens it (cdn/tests/test_enrolment.py)
    "cdn_heartbeat": May.NODE,
    "cdn_inventory": May.NODE,
    "cdn_plan": May.NODE,
    "cdn_deliveries": May.NODE,
    "cdn_origin_manifest": May.NODE,
    "cdn_origin_object": May.NODE,
    "cdn_loads": May.NODE,
    "cdn_evacuations": May.NODE,
    "cdn_node_program": May.ANYBODY,
    "cdn_node_program_hash": May.ANYBODY,
}

#: Doors that nobody opens here, and why: what they need is tested where it is made.
SHUT_HERE = {
    "admin/login/",  # leads to the one sign-in
    "admin/password_change/",  # leads to the account's page
    "setup",  # the first run is over
    "cdn_loads",  # wants a key that the site's commands make (cdn/tests/test_fleet_api.py)
    "cdn_evacuations",  # the same (cdn/tests/test_lever.py)
    "cdn_shield",  # wants a token for its package (cdn/tests/test_origin.py)
    "cdn_origin_object",  # its object is not there; the manifest is
    "playback-keyed",  # the package is not encrypted (playback/tests/test_stock_players.py)
    "playback-content-key",  # the same
    "playback-kept-content-key",  # the same
    "playback-kept-token",  # nothing is kept (playback/tests/test_keeping.py)
    "playback-kept-done",  # the same
    "playback-kept-report",  # the same
    "playback-download",  # the same
    "artwork",  # there is none
    "api_title_preview_picture",  # the same (catalog/tests/test_previews.py)
    "api_upload",  # there is none (tests/upload)
    "account_confirm_login_code",  # nobody was sent a code
    "mfa_reauthenticate_webauthn",  # the same
    "mfa_reauthenticate",  # the same
    "mfa_deactivate_totp",  # no second factor is set up
    "mfa_view_recovery_codes",  # the same
    "mfa_download_recovery_codes",  # the same
    "mfa_authenticate",  # nobody is half-way in
    "enter_profile",  # it has no PIN (tests/browser/test_profiles.py)
    "tv_poll",  # no television waits here
    "mfa_signup_webauthn",  # nobody is signing up
    "mfa_login_webauthn",  # speaks to its script alone (tests/browser/test_signing_in.py)
    "account_signup_by_passkey",  # wants a mail relay
    "playback-begin",  # the session has begun
    "mfa_remove_webauthn",  # there is no passkey
    "mfa_edit_webauthn",  # the same
    "take_profile",  # nobody was given a link
    "api_take_profile",  # the same
    "plan_portal",  # no payment company is set
    "stripe_news",  # the same
    "fetch_export",  # there is no copy yet
    "api_export_file",  # the same
    "erasure_proof",  # nobody was erased
    "end_session",  # no other session is there
}
#: Endpoints for machines, which speak a protocol of their own (docs/nodes.md), and for players that hold a key.
BESIDE_THE_SCHEMA = re.compile(r"^/api/v1/(cdn/|playback/[sd]/|schema$|uploads|payments/stripe$)")

#: Values for one route alone: (route, name) → value.
SPECIAL: dict[tuple[str, str], str] = {
    ("account_confirm_email", "key"): "x",
    ("account_reset_password_from_key", "key"): "x-y",
    ("account_reset_password_from_key", "uidb36"): "1",
    ("cdn_shield", "token"): "t" * 156,
    ("mfa_remove_webauthn", "pk"): "1",
    ("end_session", "session_id"): "1",
    ("mfa_edit_webauthn", "pk"): "1",
}


def things(*, user_id: UUID, profile: Profile, session: Any) -> dict[str, str]:
    """What addresses name besides titles and profiles: things of this household, or such as are not there."""
    key = re.search(r"/s/([^/]+)/", session.hls)
    assert key
    return {
        "key": key[1],
        "token": "no-such-token",
        "package": session.package_id,
        "rendition": "v360",
        "licence": licence_keys.make(session.id, session.package_id),
        "licence_id": str(uuid4()),
        "viewing_id": str(uuid4()),
        "pathway": "shield",
        "name": "init.mp4",
        "session_id": str(session.id),
        "device_id": str(_device(user_id)),
        "invoice_id": str(_invoice(user_id)),
        "plan_id": str(_plan()),
        "export_id": str(uuid4()),
        "proof_id": str(uuid4()),
        "secret": "no-such-secret",
        "artwork_id": str(uuid4()),
        "tag": "0" * 32,
        "width": "480",
        "form": "webp",
        "upload_id": str(uuid4()),
    }


def _device(user_id: UUID) -> UUID:
    now = timezone.now()
    row = models.Device.objects.create(
        user_id=user_id, browser="0" * 64, name="Zinnia's laptop", first_used_at=now, last_used_at=now
    )
    return row.id


def _invoice(user_id: UUID) -> UUID:
    now = timezone.now()
    row = models.Invoice.objects.create(
        number="Q-1", user_id=user_id, provider="manual", currency="EUR", total=900, issued_at=now, due_at=now,
        bill_to="Zinnia Quill",
    )  # fmt: skip
    return row.id


def _plan() -> UUID:
    made = make_plan()
    models.Plan.objects.filter(id=made).update(is_public=True, price=900)
    return made
