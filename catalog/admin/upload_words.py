"""What the upload script says, in the reader's language. The script (static/js/admin/upload/) fills in `{…}`."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    # Steps of a film's way
    "step_receiving": _("Receiving"),
    "step_checking": _("Checking"),
    "step_encoding": _("Encoding"),
    "step_ready": _("Ready"),
    # Where it stands
    "waiting": _("Waiting for the one before it"),
    "preparing": _("Making room for it"),
    "receiving": _("{percent} % · {sent} of {size}"),
    "receiving_fast": _("{percent} % · {sent} of {size} · {speed}/s · {left} left"),
    "paused": _("Paused at {percent} %. What has arrived is kept until {until}."),
    "offline": _("No connection. What has arrived is kept; trying again in {seconds} s."),
    "trouble": _("The server does not answer as it should ({status}). Trying again in {seconds} s."),
    "signed_out": _("You were signed out. Sign in again in another tab: then it goes on here by itself."),
    "elsewhere": _("Another tab or window is sending this file: {percent} %."),
    "unclaimed": _("Here: {percent} %, kept until {until}. Choose the same file, and it goes on from there."),
    "full": _("{reason} It is tried again every half minute."),
    "gone": _("What had arrived is not there any more: it was removed, or nobody went on with it in time."),
    "unreadable": _("Your browser cannot read the file any more. Was it moved or changed? Choose it again."),
    "different": _(
        "This is not the file that was begun: its contents differ. Choose the same file, or discard this."
    ),
    "proxy": _(
        "Something between you and the site refuses even small pieces (413). Raise its limit on bodies."
    ),
    "comparing": _("Comparing with what is here"),
    "received_waiting": _("All of it has arrived. It is checked as soon as a worker is free."),
    "no_worker": _("All of it has arrived, but no worker is running. Start one: manage.py worker."),
    "check_failed": _("Checking the file failed; it is tried again in ten minutes. {reason}"),
    "checking_file": _("All of it has arrived; the file is being checked, {percent} %."),
    "queued": _("Checked. Waiting for its turn to be encoded."),
    "checking": _("Looking at what is in the file."),
    "encoding": _("Encoding, {percent} %"),
    "playable": _("Can be watched already, in a first quality."),
    "ready": _("Ready to watch."),
    "replaced": _("Received; another file has taken its place."),
    "others": _("Somebody else's: {percent} % of {size} is here."),
    "signed_out_page": _("You were signed out: what stands here may be old."),
    "away": _("The site cannot be reached: what stands here may be old. It is asked again by itself."),
    # What can be done
    "pause": _("Pause"),
    "resume": _("Resume"),
    "cancel": _("Cancel"),
    "cancel_sure": _("Really cancel?"),
    "discard": _("Discard"),
    "dismiss": _("Dismiss"),
    "retry": _("Try now"),
    "again": _("Send again"),
    "choose": _("Choose the file"),
    "sign_in": _("Sign in"),
    "here": _("Continue here"),
    "open": _("Open the title"),
    "new_film": _("A new film"),
    # Figures
    "seconds": _("{n} s"),
    "minutes": _("{n} min"),
    "hours": _("{n} h {m} min"),
}
