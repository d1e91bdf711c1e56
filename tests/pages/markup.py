"""Reads a rendered page for what a strict content security policy and good manners forbid."""

from html.parser import HTMLParser

#: Elements that open and never close.
VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


class Page(HTMLParser):
    """One page: its faults in words, its ids, its headings, its forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str]] = []
        self._script: str | None = None
        self._form: dict[str, str] | None = None
        self._form_has_token = False
        self._open: list[str] = []
        self.feed(html)
        self.close()
        if self._open:
            self.faults.append(f"never closed: {self._open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        where = self.getpos()
        if tag not in VOID and not self._in_drawing(tag):
            self._open.append(tag)
        if tag == "style" or "style" in given:
            self.faults.append(f"inline style in <{tag}> at {where}")
        self.faults += [
            f"inline handler {name} in <{tag}> at {where}" for name in given if name.startswith("on")
        ]
        if tag == "script":
            self._script = given.get("src", "")
            if not self._script:
                self.faults.append(f"inline script at {where}")
        if any(value.strip().lower().startswith("javascript:") for value in given.values()):
            self.faults.append(f"javascript: address in <{tag}> at {where}")
        if tag == "img" and "alt" not in given:
            self.faults.append(f"picture without alt at {where}")
        if "id" in given:
            self.ids.append(given["id"])
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        if tag == "label" and "for" in given:
            self.labels.add(given["for"])
        self._note_form(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form is not None:
            if self._form.get("method", "get").lower() == "post" and not self._form_has_token:
                self.faults.append(f"form without CSRF token at {self.getpos()}")
            self._form = None
        if tag in VOID or self._in_drawing(tag):
            return
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else at {self.getpos()}")

    def _in_drawing(self, tag: str) -> bool:
        return "svg" in self._open and tag != "svg"

    def _note_form(self, tag: str, given: dict[str, str]) -> None:
        if tag == "form":
            self._form, self._form_has_token = given, False
        elif tag == "input" and given.get("name") == "csrfmiddlewaretoken":
            self._form_has_token = True
        elif tag in ("input", "select", "textarea") and given.get("type") not in (
            "hidden",
            "radio",
            "checkbox",
        ):
            self.fields.append(given)
