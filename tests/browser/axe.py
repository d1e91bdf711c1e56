"""axe-core in a page: what is wrong with it for those who cannot see it, or not well, or use no mouse."""

from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
#: Rules of WCAG 2.2 A and AA, and what axe calls good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: `preload` would fetch every style sheet once more, for a rule that is not among these.
ASK = """([within, tags]) =>
  axe.run(within || document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"], preload: false })
    .then(({ violations }) => violations.flatMap(({ id, help, nodes }) => nodes.map((node) =>
      [id, node.target.join(" "), [...node.any, ...node.all, ...node.none].map((one) => one.message)[0] ?? help])))
"""


def violations(page: Any, *, within: str = "") -> list[str]:
    """What axe finds in the page as it stands: a line for each element that breaks a rule; empty when all is well.

    `within` is a selector that it is kept to. Skips the test when axe-core was not fetched (`make setup-dev` does it).
    """
    if not SOURCE.exists():
        pytest.skip("axe-core is not there: make setup-dev fetches it")
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(SOURCE.read_text(encoding="utf-8"))
    found = page.evaluate(ASK, [within, TAGS])
    return [f"{rule}: {target}: {why}" for rule, target, why in found]
