"""In which letters an old text file was written. Pure: bytes in, text out.

A byte order mark decides, then strict UTF-8, then the language of the track. Where the language leaves a choice, or is
not known, each candidate's text is judged by how much it looks like writing: letters of one script in a word, no
capital after a small letter (KOI8-R read as Windows-1251 is full of them), no line-drawing characters.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5")
_EAST = ("cp1250", "iso8859-2")
#: By the language of the track; the usual one first. Files that are not UTF-8 are old, and mostly of old Windows.
_BY_LANGUAGE = {
    "ar": ("cp1256",), "be": _CYRILLIC, "bg": _CYRILLIC, "cs": _EAST, "el": ("cp1253", "iso8859-7"), "et": ("cp1257",),
    "fa": ("cp1256",), "he": ("cp1255", "cp862"), "hr": _EAST, "hu": _EAST, "ja": ("cp932", "euc_jp"),
    "ko": ("cp949",), "lt": ("cp1257",), "lv": ("cp1257",), "mk": _CYRILLIC, "pl": _EAST, "ro": _EAST, "ru": _CYRILLIC,
    "sk": _EAST, "sl": _EAST, "sr": ("cp1251", "cp1250"), "th": ("cp874",), "tr": ("cp1254",), "uk": _CYRILLIC,
    "ur": ("cp1256",), "vi": ("cp1258",), "zh": ("gb18030", "big5"),
}  # fmt: skip
_UNKNOWN = (
    "cp1252", "cp1251", "koi8-r", "cp1253", "cp1250", "cp1255", "cp1256", "cp874", "cp932", "cp949", "gb18030", "big5",
)  # fmt: skip
_DOUBLE = frozenset({"cp932", "cp949", "gb18030", "big5", "euc_jp"})
#: What texts of the double-byte encodings are full of; others, misread as one of them, are not.
_FREQUENT = frozenset("的一是不了我你他在有这這们們么麼来來会會好吗嗎이다는가을에하고지요의한도니")
#: So much of a file is enough to judge it, in bytes.
_SAMPLE = 64 * 1024
_WORD = re.compile(r"[^\W\d_]+")


def decode(data: bytes, language: str = "und") -> str:
    """The text of a file; what cannot be read becomes the replacement character."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if wide := _without_mark(data):
        return data.decode(wide, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(guess(data, language), "replace")


def guess(data: bytes, language: str = "und") -> str:
    """The likeliest encoding of text that is not Unicode."""
    first = language.partition("-")[0].lower()
    if first == "zh" and re.search(r"-(TW|HK|MO|Hant)\b", language, re.IGNORECASE):
        candidates: tuple[str, ...] = ("big5", "gb18030")
    else:
        candidates = _BY_LANGUAGE.get(first, _UNKNOWN if first == "und" else ("cp1252",))
    if len(candidates) == 1:
        return candidates[0]
    return max(candidates, key=lambda one: (round(_score(data[:_SAMPLE], one), 2), -candidates.index(one)))


def _without_mark(data: bytes) -> str:
    """UTF-16 whose byte order mark was lost: every other byte of Western text and of time stamps is zero."""
    sample = data[:4096]
    if len(sample) < 8:
        return ""
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    half = len(sample) // 2
    if odd > half * 0.3 and even < half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.3 and odd < half * 0.05 else ""


def _score(data: bytes, encoding: str) -> float:
    """How much like writing the bytes look, for each character beyond ASCII: about 1 when right."""
    try:
        text = data.decode(encoding)
        broken = 0
    except UnicodeDecodeError as error:
        if error.start < len(data) - 2 and encoding in _DOUBLE:
            return -9.0  # those decoders fail on nearly everything that is not theirs
        text = data.decode(encoding, "replace")
        broken = text.count("\ufffd")
    high = sum(letter > "\x7f" for letter in text)
    if not high:
        return 0.0
    points = 0.15 * high if encoding in _DOUBLE else 0.0
    points -= 4 * broken
    points += sum(_worth(letter) for letter in text if letter > "\x7f")
    for match in _WORD.finditer(text):
        points -= _oddity(match[0])
    return points / high


@lru_cache(maxsize=4096)
def _worth(letter: str) -> float:
    kind = unicodedata.category(letter)
    if kind in ("Cc", "Cn", "Co", "Cs"):
        return -4.0
    if (
        "\u2500" <= letter <= "\u259f" or "\uff61" <= letter <= "\uff9f"
    ):  # lines and boxes; half-width katakana
        return -2.0
    if kind in ("Lo", "Lu", "Ll", "Lm"):
        # Rare ideographs are what other alphabets look like when read as Chinese.
        if letter in _FREQUENT or "\u3041" <= letter <= "\u3093":  # hiragana
            return 1.5
        rare = "\u3400" <= letter <= "\u4dbf" or "\ue000" <= letter <= "\uf8ff" or letter > "\uffff"
        return -1.0 if rare else 1.0
    return (
        0.6 if letter in "\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00ab\u00bb\u266a\u3001\u3002" else 0.0
    )


def _oddity(word: str) -> float:
    """What is wrong with a word: capitals inside, scripts mixed, a language's letters in a clump."""
    if word.isascii():
        return 0.0
    scripts = {_script(letter) for letter in word} - {""}
    odd = 1.5 * (len(scripts) - 1) if len(scripts) > 1 else 0.0
    odd += sum(1.5 for one, next_one in pairwise(word) if one.islower() and next_one.isupper())
    if scripts == {"LATIN"}:
        # Words of the Latin script are mostly plain letters: a clump of accents is another alphabet misread.
        accents = sum(letter > "\x7f" for letter in word)
        odd += 1.2 * max(0, accents - max(1, len(word) // 2))
    return odd


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").partition(" ")[0]
    return "CJK" if name in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL") else name
