"""The table of doors: each route's name and who may open it, and the things that their addresses name."""

import re
from typing import Any
from uuid import UUID, uuid4

from accounts.types import Profile
from tests.security.matrix import May

TABLE: dict[str, May] = {
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
    "account_email_verification_sent": May.ANYBODY,
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
    "tv_poll": May.ANYBODY,
    "tv_approve": May.GROWN_UP,
    "tv_answer": May.GROWN_UP,
    "api_tv_codes": May.ANYBODY,
    "api_tv_token": May.ANYBODY,
    "api_tv_approve": May.GROWN_UP,
    # Profiles
    "profiles": May.SIGNED_IN,
    "new_profile": May.GROWN_UP,
    "choose_profile": May.OWN,
    "edit_profile": May.OWN_GROWN_UP,
    "delete_profile": May.OWN_GROWN_UP,
    "api_profiles": May.SIGNED_IN,
    "api_profile": May.OWN,
    # What there is to watch
    "home": May.SIGNED_IN,
    "browse": May.SIGNED_IN,
    "search": May.SIGNED_IN,
    "title": May.SIGNED_IN,
    "watch": May.SIGNED_IN,
    "my_list": May.SIGNED_IN,
    "toggle_list": May.SIGNED_IN,
    "thumb": May.SIGNED_IN,
    "remove_from_continue": May.SIGNED_IN,
    "api_titles": May.SIGNED_IN,
    "api_title": May.SIGNED_IN,
    "api_search": May.SIGNED_IN,
    "my_list_entry": May.SIGNED_IN,
    "title_thumb": May.SIGNED_IN,
    "artwork": May.ANYBODY,
    "favicon": May.ANYBODY,
    "schema": May.ANYBODY,
    # Playing
    "playback-sessions": May.SIGNED_IN,
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
    "setup",  # the first run is over
    "cdn_loads",  # wants a key that the site's commands make (cdn/tests/test_fleet_api.py)
    "cdn_evacuations",  # the same (cdn/tests/test_lever.py)
    "cdn_shield",  # wants a token for its package (cdn/tests/test_origin.py)
    "cdn_origin_object",  # its object is not there; the manifest is
    "playback-keyed",  # the package is not encrypted (playback/tests/test_stock_players.py)
    "playback-content-key",  # the same
    "artwork",  # there is none
    "api_upload",  # there is none (tests/upload)
    "account_confirm_login_code",  # nobody was sent a code
    "mfa_reauthenticate_webauthn",  # the same
    "mfa_signup_webauthn",  # nobody is signing up
    "mfa_login_webauthn",  # speaks to its script alone (tests/browser/test_signing_in.py)
    "account_signup_by_passkey",  # wants a mail relay
    "playback-begin",  # the session has begun
    "mfa_authenticate",  # nobody is half-way in
    "mfa_remove_webauthn",  # there is no passkey
    "mfa_edit_webauthn",  # the same
    "end_session",  # no other session is there
}
#: Endpoints for machines, which speak a protocol of their own (docs/nodes.md), and for players that hold a key.
BESIDE_THE_SCHEMA = re.compile(r"^/api/v1/(cdn/|playback/s/|schema$|uploads)")

#: Values for one route alone: (route, name) → value.
SPECIAL: dict[tuple[str, str], str] = {
    ("account_confirm_email", "key"): "x",
    ("account_reset_password_from_key", "key"): "x-y",
    ("account_reset_password_from_key", "uidb36"): "1",
    ("cdn_shield", "token"): "t" * 156,
    ("mfa_remove_webauthn", "pk"): "1",
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
        "pathway": "shield",
        "name": "init.mp4",
        "session_id": "1",
        "artwork_id": str(uuid4()),
        "width": "480",
        "form": "webp",
        "upload_id": str(uuid4()),
    }
