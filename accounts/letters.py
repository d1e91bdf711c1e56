"""Mails in the house's look. One text template makes both faces of a letter: what is read as text, and the HTML.

A letter is `<prefix>_subject.txt` and `<prefix>_message.txt`. In the message an empty line ends a paragraph; its first
paragraph is the heading; a paragraph of one line `Label: https://…` is a button; one that is `# …` alone is a code to
type, set large; a paragraph that begins with `--` is the small print at the end.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

Kind = Literal["heading", "text", "button", "code", "small"]
_BUTTON = re.compile(r"^(?P<label>[^:\n]{1,60}): (?P<address>https?://\S+)$")


@dataclass(frozen=True, slots=True)
class Part:
    """One paragraph. `address` is set for a button; `lines` are plain text, escaped where they are shown."""

    kind: Kind
    lines: tuple[str, ...]
    address: str = ""


def send(prefix: str, *, to: str, context: dict[str, Any]) -> None:
    """Send the letter `prefix` to one address. Raises what the mail backend raises when the relay refuses."""
    letter(prefix, to=[to], context=context).send()


def letter(
    prefix: str, *, to: list[str], context: dict[str, Any], headers: dict[str, str] | None = None
) -> EmailMultiAlternatives:
    """The letter as it will be sent, in the language that is active."""
    context = {"house_name": settings.SITE_NAME, "house_address": settings.SITE_URL, **context}
    heading = " ".join(render_to_string(f"{prefix}_subject.txt", context).split())
    text = re.sub(r"\n{3,}", "\n\n", render_to_string(f"{prefix}_message.txt", context)).strip()
    parts = read(text)
    html = render_to_string(
        "mail/letter.html",
        {
            "parts": parts,
            "heading": heading,
            "house_name": settings.SITE_NAME,
            "house_address": settings.SITE_URL,
            "house_host": urlsplit(settings.SITE_URL).netloc,
        },
    )
    plain = "\n\n".join(_plain(part) for part in parts) + "\n"
    message = EmailMultiAlternatives(
        subject(heading), plain, settings.DEFAULT_FROM_EMAIL, to, headers=headers
    )
    message.attach_alternative(html, "text/html")
    return message


def subject(words: str) -> str:
    """The subject with the site's name in front."""
    return f"[{settings.SITE_NAME}] {words}"


def read(text: str) -> tuple[Part, ...]:
    """The paragraphs of a message, by the rules above."""
    parts: list[Part] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = tuple(line.strip() for line in block.splitlines() if line.strip())
        if not lines:
            continue
        if len(lines) == 1 and (found := _BUTTON.match(lines[0])):
            parts.append(Part("button", (found["label"],), found["address"]))
        elif len(lines) == 1 and lines[0].startswith("# "):
            parts.append(Part("code", (lines[0][2:],)))
        elif lines[0].startswith("--"):
            parts.append(Part("small", (lines[0].lstrip("- "), *lines[1:])))
        else:
            parts.append(Part("text" if parts else "heading", lines))
    return tuple(parts)


def _plain(part: Part) -> str:
    if part.kind == "button":
        return f"{part.lines[0]}:\n{part.address}"
    return "\n".join(part.lines)
