"""How text is compared: without accents, capitals, punctuation, word order, and with a small slip forgiven. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

#: Letters that Unicode does not take apart by itself, as people type them.
_FOLD = str.maketrans(
    {
        "œ": "oe",
        "æ": "ae",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "\u0131": "i",
        "\u2019": "'",
        "&": " and ",
    }
)
_NUMERALS = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_WORD = re.compile(r"\w+", re.UNICODE)
#: More words than this in a question are ignored, and more letters in a word.
WORDS_MAX, LETTERS_MAX = 8, 40


@dataclass(frozen=True, slots=True)
class Entry:
    """What search knows of one title. All text is plain (see `plain`)."""

    name: str
    people: str
    genres: str


def plain(text: str) -> str:
    """Lower case, no accents, no punctuation; apostrophes and dots vanish, other signs part words."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_FOLD)
    bare = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return " ".join(_WORD.findall(re.sub(r"['.`\u00b4]", "", bare).replace("_", " ")))


def words(text: str) -> list[str]:
    """A question's words, plain, bounded."""
    return [word[:LETTERS_MAX] for word in plain(text).split()[:WORDS_MAX]]


def index_text(entry: Entry) -> str:
    """The column that the database looks through: fields on lines of their own, each word also in its other forms."""
    return "\n".join(f" {_with_variants(field)} " for field in (entry.name, entry.people, entry.genres))


def entry_of(index: str) -> Entry:
    """`index_text` the other way."""
    fields = [line.strip() for line in index.split("\n")] + ["", "", ""]
    return Entry(name=fields[0], people=fields[1], genres=fields[2])


def pieces(word: str) -> list[str]:
    """Parts of a word of which at least one stands unharmed in any form of it with a slip forgiven by `slips`.

    A word cut into n + 1 pieces survives n slips in one piece at least. They are what the database is asked for.
    """
    forms = [word]
    if word in _NUMERALS:
        forms.append(_NUMERALS[word])
    allowed = slips(word)
    if allowed == 0:
        return forms
    if len(word) < 6:
        # A slip leaves the first letter alone, or the last two.
        return [*forms, f" {word[0]}", word[-2:]]
    # A swap of neighbours is one slip but can harm two pieces, hence two pieces for each slip and one more.
    count = min(2 * allowed + 1, len(word) // 2)
    size, more = divmod(len(word), count)
    at = 0
    for number in range(count):
        step = size + (1 if number < more else 0)
        forms.append(word[at : at + step])
        at += step
    return forms


def slips(word: str) -> int:
    """How many letters may be wrong: none in short words and numbers, one from four letters, two from eight."""
    if len(word) < 4 or word.isdigit():
        return 0
    return 1 if len(word) < 8 else 2


def score(question: Sequence[str], entry: Entry) -> float:
    """How well a title answers; 0 when one of the words is nowhere in it.

    A word counts most in the name, then among people, then as a genre; whole before beginning before middle
    before mistyped. The name as typed, or beginning so, comes first of all.
    """
    if not question:
        return 0.0
    total = 0.0
    for word in question:
        best = max(
            3.0 * _word_score(word, entry.name),
            2.0 * _word_score(word, entry.people),
            1.2 * _word_score(word, entry.genres),
        )
        if best == 0.0:
            return 0.0
        total += best
    total /= len(question)
    joined = " ".join(question)
    if entry.name == joined or entry.name.startswith(joined + "\t"):
        total += 3.0
    elif entry.name.startswith(joined):
        total += 1.5
    elif f" {joined}" in f" {entry.name}":
        total += 0.7
    # Of two names that hold the words, the shorter says little else.
    return total + 0.5 / (1 + len(entry.name.split("\t")[0].split()))


def distance(left: str, right: str, most: int) -> int:
    """Slips between two words (a swap of neighbours is one), or `most` + 1 when there are more."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        line = [row]
        for column, other in enumerate(right, 1):
            cost = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before_last[column - 2] + 1)
            line.append(cost)
        if min(line) > most:
            return most + 1
        before_last, last = last, line
    return min(last[-1], most + 1)


def _word_score(word: str, field: str) -> float:
    best = 0.0
    allowed = slips(word)
    for form in {word, _NUMERALS.get(word, word)}:
        for candidate in field.split():
            if candidate == form:
                return 1.0
            if candidate.startswith(form):
                best = max(best, 0.75 + 0.2 * len(form) / len(candidate))
            elif len(form) >= 3 and form in candidate:
                best = max(best, 0.5)
            elif allowed and best < 0.45:
                # Against the candidate's beginning too: people search while they type.
                near = min(
                    distance(form, candidate, allowed), distance(form, candidate[: len(form)], allowed)
                )
                if near <= allowed:
                    best = max(best, 0.45 - 0.1 * near)
    return best


def _letters(parts: Sequence[str]) -> list[list[str]]:
    """Runs of single letters, as M*A*S*H and S.P.Q.R. have them."""
    runs: list[list[str]] = [[]]
    for part in parts:
        if len(part) == 1:
            runs[-1].append(part)
        elif runs[-1]:
            runs.append([])
    return runs


def _with_variants(field: str) -> str:
    """The field, a tab, then other forms of its words: numerals as digits and neighbours joined (spider man)."""
    parts = plain(field).split()
    others = [_NUMERALS[part] for part in parts if part in _NUMERALS]
    others += [one + two for one, two in pairwise(parts) if len(one) + len(two) <= LETTERS_MAX]
    others += ["".join(run) for run in _letters(parts) if len(run) > 2]
    return " ".join(parts) + ("\t" + " ".join(others) if others else "")
