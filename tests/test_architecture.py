"""The house's rules that the import contracts cannot see (docs/architecture.md)."""

import dataclasses
import enum
import importlib
import inspect
import re
import subprocess
import sys
import types
import typing
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps as django_apps

APPS = ("accounts", "catalog", "cdn", "playback", "recommend")
TOP = Path(__file__).resolve().parent.parent
WIRE_ATOMS = (
    str,
    int,
    float,
    bool,
    bytes,
    type(None),
    UUID,
    date,
    datetime,
    time,
    timedelta,
    Decimal,
    Fraction,
)


def not_wire_safe(hint: object, seen: frozenset[object] = frozenset()) -> str:
    """Why a value of this type could not cross a wire; '' when it could."""
    if hint in seen or hint is Ellipsis or hint in (object, typing.Any):
        return "it is untyped" if hint in (object, typing.Any) else ""
    origin = typing.get_origin(hint)
    if origin in (list, tuple, set, frozenset, dict, typing.Union, types.UnionType, typing.Literal) or (
        inspect.isclass(origin) and issubclass(origin, typing.Iterable)
    ):
        if origin is typing.Literal:
            return ""
        return next((why for part in typing.get_args(hint) if (why := not_wire_safe(part, seen))), "")
    if inspect.isclass(hint):
        if issubclass(hint, WIRE_ATOMS) or issubclass(hint, enum.Enum):
            return ""
        if dataclasses.is_dataclass(hint):
            if not hint.__dataclass_params__.frozen:
                return f"{hint.__name__} is not frozen"
            hints = typing.get_type_hints(hint)
            return next((why for part in hints.values() if (why := not_wire_safe(part, seen | {hint}))), "")
    return f"{hint!r} is not text, number, date, UUID, enum, frozen dataclass or a collection of those"


def public_services(app: str) -> list[tuple[str, types.FunctionType]]:
    """The verbs of an app: what its `services` module offers and defined itself."""
    module = importlib.import_module(f"{app}.services")
    found = []
    for name, thing in vars(module).items():
        if name.startswith("_") or not inspect.isfunction(
            inspect.unwrap(thing) if callable(thing) else thing
        ):
            continue
        if inspect.unwrap(thing).__module__.split(".")[:2] == [app, "services"]:
            found.append((name, inspect.unwrap(thing)))
    return found


@pytest.mark.parametrize("app", APPS)
def test_services_are_wire_safe(app: str) -> None:
    services = public_services(app)
    assert services, f"{app}.services offers nothing"
    problems = []
    for name, function in services:
        hints = typing.get_type_hints(function)
        for parameter in inspect.signature(function).parameters.values():
            if parameter.name not in hints:
                problems.append(f"{name}({parameter.name}) has no type")
            elif why := not_wire_safe(hints[parameter.name]):
                problems.append(f"{name}({parameter.name}): {why}")
        if "return" not in hints:
            problems.append(f"{name} does not say what it returns")
        elif why := not_wire_safe(hints["return"]):
            problems.append(f"{name} returns: {why}")
        positional = [
            p
            for p in inspect.signature(function).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        if len(positional) > 2:
            problems.append(f"{name} takes {len(positional)} positional arguments: use keywords")
        if not inspect.getdoc(function):
            problems.append(f"{name} has no docstring")
    assert not problems, f"{app}.services:\n" + "\n".join(problems)


def test_no_relation_crosses_an_app() -> None:
    crossing = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for app in (*APPS, "jobs")
        for model in django_apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()
        if field.is_relation
        and not field.auto_created
        and field.related_model is not None
        and field.related_model._meta.app_label not in (app, "auth", "contenttypes")
    ]
    assert crossing == []


def test_the_edge_runs_without_django() -> None:
    program = (
        "import sys, importlib, pkgutil\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('django', 'rest_framework', 'celery', 'channels'):\n"
        "            raise ImportError('blocked: ' + name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "import cdn.edge\n"
        "found = pkgutil.walk_packages(cdn.edge.__path__, 'cdn.edge.')\n"
        "names = [module.name for module in found if not module.name.endswith('__main__')]\n"
        "[importlib.import_module(n) for n in names]\n"
        "import cdn.signing\n"
        "print(len(names))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 3


def settings_names() -> set[str]:
    """Every NETFLIXLITE_ variable that the code reads."""
    names: set[str] = set()
    for folder in ("netflixlite", *APPS):
        for file in (TOP / folder).rglob("*.py"):
            if "tests" not in file.parts:
                names |= set(re.findall(r"[\"'](NETFLIXLITE_[A-Z_]+)[\"']", file.read_text(encoding="utf-8")))
    return names


def test_every_setting_is_documented() -> None:
    documented = set(
        re.findall(r"^#?\s?(NETFLIXLITE_[A-Z_]+)=", (TOP / ".env.example").read_text("utf-8"), re.M)
    )
    assert settings_names() - documented == set(), "missing in .env.example"
    stale = {name for name in documented - settings_names() if not name.endswith("_FILE")}
    assert stale == set(), "no longer read by any code"


def test_the_list_of_services_in_the_docs_is_current() -> None:
    from netflixlite.management.commands.document_services import render

    text = (TOP / "docs" / "services.md").read_text(encoding="utf-8")
    assert text == render(), "run: manage.py document_services"


def test_every_link_in_the_docs_leads_somewhere_and_every_decision_is_listed() -> None:
    broken = []
    for page in [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!\w+:)([^)#]+)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(TOP)}: {target}")
    assert broken == []
    decisions = TOP / "docs" / "decisions"
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (decisions / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(page.name for page in decisions.glob("[0-9]*.md"))


def test_no_room_without_a_name() -> None:
    forbidden = {"utils.py", "common.py", "helpers.py", "misc.py"}
    found = [
        str(file.relative_to(TOP))
        for folder in ("netflixlite", *APPS, "tests")
        for file in (TOP / folder).rglob("*.py")
        if file.name in forbidden
    ]
    assert found == []


def test_nothing_third_party_is_committed() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True
    ).stdout.split()
    assert tracked
    assert [name for name in tracked if name.startswith(("static/vendor/", "node_modules/", "var/"))] == []
    media = (".mp4", ".mkv", ".webm", ".m4s", ".mp3", ".wav", ".woff2")
    assert [name for name in tracked if name.endswith(media)] == []
    assert '"resolved"' not in (TOP / "package-lock.json").read_text(encoding="utf-8")
