"""What the audit log knows by name, in words for people. A verb that does not stand here is shown as it was written.

Verbs are `<thing>.<what happened>`; targets `<thing>:<id>`. Add yours here when you write a new one.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, str | Promise] = {
    "account.signed_up": _("signed up"),
    "sign_in.done": _("signed in"),
    "sign_in.failed": _("failed to sign in"),
    "sign_in.ended": _("signed out"),
    "password.changed": _("changed the password"),
    "password.reset": _("reset the password"),
    "password.demanded": _("wanted a new password"),
    "email.added": _("added an e-mail address"),
    "email.changed": _("changed the e-mail address"),
    "email.confirmed": _("confirmed an e-mail address"),
    "email.removed": _("removed an e-mail address"),
    "mfa.added": _("added a second step or passkey"),
    "mfa.removed": _("removed a second step or passkey"),
    "mfa.reset": _("made new recovery codes"),
    "mfa.failed": _("failed the second step"),
    "tv.approved": _("let a TV sign in"),
    "tv.refused": _("refused a TV"),
    "tv.code_wrong": _("typed a TV code that is none"),
    "profile.made": _("made a profile"),
    "profile.changed": _("changed a profile"),
    "profile.removed": _("removed a profile"),
    "profile.transferred": _("moved a profile to another account"),
    "profile.transfer_offered": _("made a link by which a profile may move out"),
    "profile.transfer_withdrawn": _("took back the link by which a profile might move out"),
    "title.blocked": _("blocked a title for a profile"),
    "title.allowed": _("allowed a title for a profile again"),
    "pin.set": _("set a profile's PIN"),
    "pin.removed": _("removed a profile's PIN"),
    "pin.wrong": _("typed a wrong PIN"),
    "plan.chosen": _("chose a plan"),
    "plan.changed": _("changed the plan"),
    "plan.resumed": _("went on with the plan after all"),
    "invoice.paid": _("marked an invoice as paid"),
    "invoice.voided": _("made an invoice void"),
    "plan.cancelled": _("cancelled the plan"),
    "session.ended": _("ended a session"),
    "device.ended": _("signed a device out"),
    "stream.stopped": _("stopped a stream"),
    "export.asked": _("asked for a copy of everything"),
    "export.made": _("was given a copy of everything"),
    "export.fetched": _("downloaded the copy"),
    "erasure.asked": _("asked for the account to be erased"),
    "erasure.cancelled": _("kept the account after all"),
    "erasure.done": _("was erased"),
    "admin.added": _("added, in the studio"),
    "admin.changed": _("changed, in the studio"),
    "admin.deleted": _("deleted, in the studio"),
    "admin.did": _("did, in the studio"),
    "signal.acknowledged": _("looked at a warning"),
    "session.paused": _("paused a session"),
}


def words(verb: str) -> str:
    """The verb for people."""
    return str(WORDS.get(verb, verb))
