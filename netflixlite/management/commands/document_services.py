"""`manage.py document_services`: writes docs/services.md from the code, so that it cannot drift (a test compares)."""

import importlib
import importlib.util
import inspect
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

APPS = ("accounts", "catalog", "cdn", "playback", "recommend")
HEAD = """# Services and events

What an app offers to the apps above it. Written by `manage.py document_services`; a test keeps it current.
"""


def services_of(module: ModuleType) -> list[tuple[str, Any]]:
    """The public functions that a services module (or package) offers and defined itself, in order of name."""
    found = []
    for name, thing in sorted(vars(module).items()):
        if name.startswith("_") or not callable(thing):
            continue
        function = inspect.unwrap(thing)
        if (
            inspect.isfunction(function)
            and function.__module__.split(".")[:2] == module.__name__.split(".")[:2]
        ):
            found.append((name, function))
    return found


def _summary(thing: object) -> str:
    text = (inspect.getdoc(thing) or "").split("\n\n")[0]
    return " ".join(text.split())


def _line(name: str, function: Any) -> str:
    arguments = []
    starred = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            arguments.append("*")
            starred = True
        arguments.append(parameter.name + ("=…" if parameter.default is not parameter.empty else ""))
    signature = ", ".join(arguments)
    return f"- `{name}` ({signature}): {_summary(function)}"


def render() -> str:
    """The text of docs/services.md."""
    parts = [HEAD]
    for app in APPS:
        parts.append(f"\n## {app}\n")
        parts += [
            _line(name, function)
            for name, function in services_of(importlib.import_module(f"{app}.services"))
        ]
        events = importlib.import_module(f"{app}.events") if _has(app, "events") else None
        signals = (
            [name for name in sorted(vars(events)) if type(getattr(events, name)).__name__ == "Signal"]
            if events
            else []
        )
        for name in signals:
            event = "".join(word.capitalize() for word in name.split("_"))
            kind = getattr(importlib.import_module(f"{app}.types"), event, None)
            parts.append(f"- event `{name}`: {_summary(kind) if kind else ''}")
    return (
        "\n".join(
            "\n".join(textwrap.wrap(line, 118, subsequent_indent="  ")) if line.startswith("- ") else line
            for line in parts
        )
        + "\n"
    )


def _has(app: str, module: str) -> bool:
    return importlib.util.find_spec(f"{app}.{module}") is not None


class Command(BaseCommand):
    help = "Write docs/services.md from the code."

    def handle(self, *args: Any, **options: Any) -> None:
        file = Path(settings.BASE_DIR) / "docs" / "services.md"
        file.write_text(render(), encoding="utf-8")
        self.stdout.write(f"wrote {file.name}")
