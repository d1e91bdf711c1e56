"""Pages of accounts, and what their templates get.

| template | context |
|---|---|
| `accounts/profiles.html` | the gate "Who's watching?": `profiles` (tuple of types.Profile), `can_add` (bool), `next` (path), `current` (Profile or None), `is_kid`, `is_grown_up` (may manage), `open_to_kids` (a child could enter a grown-up's profile); each profile is chosen by POST to `{% url "choose_profile" profile.id %}` with a field `next` |
| `accounts/enter_profile.html` | the PIN pad: `form` (PinForm), `profile`, `next`, `to_change`, `wait` (seconds), `shortest`, `longest`, `keys` |
| `accounts/profile_form.html` | `form` (ProfileForm or EditProfileForm), `profile` (Profile, or None when adding), `avatars` (keys), `kid_maximum`, `transfer` (Transfer or None) |
| `accounts/profile_pin.html` | `form` (NewPinForm), `profile`, `gate` (types.Gate); POST sets, with `remove` removes |
| `accounts/profile_transfer.html` | `form` (TransferForm), `profile`, `transfer`, `address` (the link, once) |
| `accounts/take_profile.html` | `transfer` (None: the link is no good), `error`, `own` |
| `accounts/profile_delete.html` | `profile`; POST deletes |
| `accounts/account.html` | `account` (types.User), `plan` (types.Plan), `profiles`, `can_add` |
| `account/*.html` | allauth's own: login, signup, signup_closed, logout, password_reset, password_reset_done, password_reset_from_key, password_reset_from_key_done, password_change, email, verification_sent, email_confirm, reauthenticate; each has `form` |

URL names: set_language (POST `language`, `next`), profiles, choose_profile, new_profile, edit_profile, delete_profile, enter_profile, profile_pin,
profile_transfer, take_profile, account; allauth: account_login,
account_signup, account_logout, account_reset_password, account_change_password, account_email.
"""  # noqa: E501 (a table)

from accounts.views.account import account
from accounts.views.gates import enter_profile, profile_pin, profile_transfer, take_profile
from accounts.views.language import set_language
from accounts.views.profiles import choose_profile, delete_profile, edit_profile, new_profile, profiles

__all__ = [
    "account",
    "choose_profile",
    "delete_profile",
    "edit_profile",
    "enter_profile",
    "new_profile",
    "profile_pin",
    "profile_transfer",
    "profiles",
    "set_language",
    "take_profile",
]
