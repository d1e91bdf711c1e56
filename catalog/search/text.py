# ruff: noqa: RUF001 (letters of other alphabets are meant)
"""How text is compared: without accents, capitals, punctuation and word order, numerals as digits. Pure.

What a title is found by stands in one text (`index_text`): a line for each kind of words, and after a tab the other
forms that people type: `Spider-Man II` is also found as `spiderman`, `2` and `spidermanii`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

#: More words than this in a question are ignored, and more letters in a word.
WORDS_MAX, LETTERS_MAX = 8, 40
#: The form of `index_text`; rows of another one are written anew by a periodic job.
FORMAT = "2"
#: Follows it when something changed that the text does not know of yet.
STALE = "-"
#: What films and series are called, whatever the language.
_KINDS = {"film": "film movie", "series": "series show tv"}
#: Stands between several names on one line, so that a phrase does not run from one into the next.
BREAK = ";"

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
        # Arabic: a closing t that is said h, a dotless y, the stroke that only widens a word.
        "\u0629": "\u0647",
        "\u0649": "\u064a",
        "\u0640": "",
        # Hindi's full stops lie among its letters.
        "\u0964": " ",
        "\u0965": " ",
        # Katakana as hiragana.
        **{chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)},
    }
)
#: Vulgar fractions are a number of their own: 8½ is typed 8 1/2.
_FRACTION = re.compile(r"([\u00bc-\u00be\u2150-\u215e])")
_QUIET = re.compile(r"['.`\u00b4\u02bc\u2018]")
_APOSTROPHE = re.compile(r"['`\u00b4\u02bc\u2018\u2019]")
#: Letters and digits; and the vowel signs of Indian and South East Asian scripts, which are neither to Python.
_WORD = re.compile(r"[\w\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]+")
#: Scripts that are written without spaces: any part of a run may be a word.
_UNSPACED = re.compile(
    r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u31f0-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff]"
)
# fmt: off
_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen",
)
_ROMAN = (
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii",
    "xviii", "xix", "xx",
)
#: Roman numerals that are words or letters as often: they are numbers only after another word.
_DOUBTFUL = frozenset({"i", "v", "x"})
NUMERALS = {name: str(value) for value, name in enumerate(_UNITS)} | {
    name: str(value) for value, name in enumerate(_ROMAN, 1)
}
#: Words that say little: where they are missing in a title, it may still be meant.
LITTLE = frozenset(
    ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with",
     "el", "la", "las", "los", "un", "una", "y", "de", "del",
     "le", "les", "l", "une", "et", "des", "du", "d",
     "der", "die", "das", "ein", "eine", "und", "dem", "den")
)
# fmt: on
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
#: Letters of other alphabets as they are commonly spelled in Latin, for who cannot type them.
# fmt: off
_LATIN = str.maketrans({
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "к": "k", "л": "l",
    "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts",
    "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "і": "i",
    "є": "ye", "ґ": "g",
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
    "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f",
    "χ": "ch", "ψ": "ps", "ω": "o",
})
# fmt: on


@dataclass(frozen=True, slots=True)
class Entry:
    """What search knows of one title: raw text, or, read back from an index, plain lines.

    `others` are its names in other languages, `about` its genres, kind and year, `parts` the names of episodes.
    """

    name: str
    people: str = ""
    about: str = ""
    others: str = ""
    parts: str = ""


def plain(text: str) -> str:
    """Lower case, no accents, no punctuation; apostrophes and dots vanish, other signs part words."""
    apart = _FRACTION.sub(r" \1 ", text)
    folded = unicodedata.normalize("NFKC", apart).casefold().translate(_FOLD)
    bare = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    # Once more: katakana with marks is taken apart only now.
    quiet = _QUIET.sub("", bare.translate(_FOLD)).replace("_", " ").replace("\u2044", " ")
    return " ".join(_WORD.findall(quiet))


def words(text: str) -> list[str]:
    """A question's words, plain, bounded."""
    return [word[:LETTERS_MAX] for word in plain(text).split()[:WORDS_MAX]]


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script without spaces between words (Chinese, Japanese, Thai …)."""
    return _UNSPACED.search(word) is not None


def forms(word: str, *, first: bool = False) -> tuple[str, ...]:
    """The word, and as a digit when it is a numeral. A single letter that begins a question (`first`) is none."""
    number = NUMERALS.get(word)
    if number is None or (first and word in _DOUBTFUL):
        return (word,)
    return (word, number)


def index_text(entry: Entry) -> str:
    """What a title is found by: a line for name, other names, people, genres and parts; then the form's number."""
    fields = (
        _line([entry.name], joined=True),
        _line(entry.others.split("\n"), joined=True),
        _line(entry.people.split("\n"), pairs=True),
        _line([entry.about]),
        _line(entry.parts.split("\n")),
    )
    return "\n".join((*fields, FORMAT))


def has_form(index: str) -> bool:
    """Whether an index text has today's form, stale or not."""
    return index.endswith((f"\n{FORMAT}", f"\n{FORMAT}{STALE}"))


def of_title(
    *,
    name: str,
    kind: str,
    year: int | None,
    people: Iterable[tuple[str, str]],
    genres: Iterable[str],
    others: Iterable[str] = (),
    parts: Iterable[str] = (),
) -> str:
    """The index text of a title. `people` are names with whom they play ('' when nobody), `others` its names in other
    languages, `parts` the names of its episodes."""
    said = [word for one in people for word in one if word]
    about = [*genres, _KINDS.get(kind, kind), str(year or "")]
    return index_text(
        Entry(
            name=name,
            people="\n".join(dict.fromkeys(said)),
            about=" ".join(about),
            others="\n".join(dict.fromkeys(other for other in others if other and other != name)),
            parts="\n".join(dict.fromkeys(parts)),
        )
    )


def entry_of(index: str) -> Entry:
    """`index_text` the other way; texts of the first form (name, people, genres) are read too."""
    lines = [line.strip() for line in index.split("\n")]
    if has_form(index):
        name, others, people, about, parts = (*lines[:5], *([""] * 5))[:5]
        return Entry(name=name, people=people, about=about, others=others, parts=parts)
    name, people, about = (*lines, "", "", "")[:3]
    return Entry(name=name, people=people, about=about)


def latin(word: str) -> str:
    """A plain word of the Cyrillic or Greek alphabet as it is commonly spelled in Latin; others stay."""
    return word.translate(_LATIN)


def _line(texts: Iterable[str], *, joined: bool = False, pairs: bool = False) -> str:
    """Several texts, plain, a break between two; a tab; and the other forms of their words, each once."""
    several = [(text, plain(text).split()) for text in texts]
    several = [(text, parts) for text, parts in several if parts]
    standing = {part for _text, parts in several for part in parts}
    others: dict[str, None] = {}
    for text, parts in several:
        for form in _variants(text, parts, joined=joined, pairs=joined or pairs):
            if form and form not in standing and len(form) <= LETTERS_MAX:
                others[form] = None
    line = f" {BREAK} ".join(" ".join(parts) for _text, parts in several)
    return line + ("\t" + " ".join(others) if others else "")


def _variants(text: str, parts: Sequence[str], *, joined: bool, pairs: bool) -> Iterable[str]:
    """Other forms of a text's words: digits, Latin letters, umlauts written out, halves around an apostrophe; with
    `pairs` neighbours written as one; with `joined` runs of single letters, the whole as one word, and its initials."""
    for place, part in enumerate(parts):
        yield from forms(part, first=place == 0)[1:]
        if (spelled := latin(part)) != part:
            yield spelled
    lower = unicodedata.normalize("NFC", text).casefold()
    if lower != (spelled := lower.translate(_UMLAUTS)):
        yield from (word for word in plain(spelled).split() if word not in parts)
    for word in lower.split():
        halves = plain(_APOSTROPHE.sub(" ", word)).split() if _APOSTROPHE.search(word) else []
        yield from (half for half in halves if len(half) >= 3)
    # Neighbours as one word: spiderman; and who asks for tom hanks does not mean Tom Cruise and Colin Hanks.
    if pairs:
        yield from (one + two for one, two in pairwise(parts) if not {one, two} <= LITTLE)
    if joined:
        yield from ("".join(run) for run in _letters(parts) if len(run) > 2)
        yield "".join(parts) if len(parts) > 2 else ""
        # The Lord of the Rings: The Two Towers is asked for as LOTR.
        main = plain(re.split(r"[:(\u2013\u2014]| - ", text, maxsplit=1)[0]).split()
        for stretch in (main[1:] if main[:1] in (["the"], ["a"]) else main, main):
            if len(stretch) > 2:
                yield "".join(word[0] for word in stretch)


def _letters(parts: Sequence[str]) -> list[list[str]]:
    """Runs of single letters, as M*A*S*H and 9-1-1 have them."""
    runs: list[list[str]] = [[]]
    for part in parts:
        if len(part) == 1:
            runs[-1].append(part)
        elif runs[-1]:
            runs.append([])
    return runs
