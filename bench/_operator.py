"""What an operator does to a stage, as a process beside the site: `python -m bench._operator`.

It reads JSON objects, one a line, {"do": name, …}, calls the very services that the commands and the administration
call, and answers with one JSON object a line. A process that stays spares each deed two seconds of starting Django.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402

from accounts import doors  # noqa: E402
from accounts import services as accounts  # noqa: E402
from accounts.models import Plan  # noqa: E402
from catalog import manifests, models, store  # noqa: E402
from catalog import services as catalog  # noqa: E402
from catalog.types import Kind  # noqa: E402
from cdn import services as cdn  # noqa: E402

NAME, PASSWORD = "olu", "correct-horse-battery"
#: As many streams at once as a bench may want.
STREAMS = 32_000


def prepare(film: str, kind: str) -> dict[str, Any]:
    """Databases, an operator who may watch without limit, and the film (made if need be), published."""
    from bench import _stage_film

    folder = Path(film)
    if not folder.exists():
        _stage_film.make(folder, _stage_film.KINDS[kind])
    call_command("prepare", verbosity=0, stdout=sys.stderr)
    user = accounts.create_first_operator(name=NAME, email="", password=PASSWORD, language="en")
    plan = Plan.objects.create(name="Bench", streams=STREAMS)
    get_user_model().objects.filter(id=user.id).update(plan=plan)
    manifest = (folder / "package" / "manifest.json").read_bytes()
    shelf = (
        Path(settings.MEDIA_ROOT)
        / Path(manifests.key(manifests.package_id(manifest), "manifest.json")).parent
    )
    shutil.copytree(folder / "package", shelf, copy_function=_link)
    title = catalog.create_title(
        name="The Long Meridian", kind=Kind.FILM, maturity=0, synopsis="A test card."
    )
    video = models.Video.objects.create(id=_stage_film.VIDEO, title_id=title.id)
    with transaction.atomic():
        store.record_package(video_id=video.id, manifest=manifest)
    catalog.publish(title.id)
    return {"video": str(video.id), "title": title.slug, "seconds": _stage_film.KINDS[kind].seconds}


def _link(source: str, target: str) -> None:
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def join(names: list[str]) -> dict[str, Any]:
    """One-time codes for new nodes."""
    return {"codes": {name: cdn.enrolment_code(name=name) for name in names}}


def sign_in() -> dict[str, Any]:
    """A browser's session of the operator, whose first profile is watching."""
    user = get_user_model().objects.get(username=NAME)
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session[doors.SESSION_KEY] = str(accounts.profiles(user.id)[0].id)
    session.create()
    return {"session": session.session_key}


def evacuate(scope: str, value: str, force: bool = False) -> dict[str, Any]:
    """Take a node, a site or a region out of use, as `manage.py evacuate` does."""
    trouble = cdn.learn()
    forecast = cdn.evacuate(scope, value, force=force, actor="bench", reason="bench")
    return {
        "names": list(forecast.names),
        "seconds": forecast.seconds,
        "worst": forecast.worst,
        "trouble": trouble,
    }


def activate(node: str) -> dict[str, Any]:
    """Put a node to use again, by its id."""
    cdn.learn()
    cdn.activate(UUID(node), actor="bench", reason="bench")
    return {}


DEEDS = {"prepare": prepare, "join": join, "sign_in": sign_in, "evacuate": evacuate, "activate": activate}


def main() -> None:
    """Do what is asked, line by line, until the other side ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        deed = DEEDS[asked.pop("do")]
        try:
            answer = {"ok": deed(**asked)}
        except Exception as error:  # whatever it is, who asked must hear of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
