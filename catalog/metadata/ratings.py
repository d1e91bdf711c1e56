"""What authorities call a film's rating, as the age it needs. Pure."""

import re

#: Letters mean ages as their authorities explain them; the stricter one where two use the same letter.
_AGES = {
    "g": 0, "pg": 7, "pg-13": 13, "r": 17, "nc-17": 18, "x": 18, "approved": 0, "passed": 0,  # MPA
    "tv-y": 0, "tv-g": 0, "tv-y7": 7, "tv-y7-fv": 7, "tv-pg": 10, "tv-14": 14, "tv-ma": 17,  # US television
    "u": 0, "uc": 0, "12a": 12, "r18": 18, "ua": 12, "a": 18, "s": 18,  # BBFC, CBFC
    "m": 15, "ma15+": 15, "ma": 15, "r18+": 18,  # Australia
    "tp": 0, "atp": 0, "al": 0, "t": 0, "l": 0, "livre": 0, "btl": 0, "apta": 0, "all": 0,  # all ages
}  # fmt: skip

#: No rating says more, in letters.
_LONGEST = 1_000


def age(text: str) -> int | None:
    """'Rated PG-13' → 13, 'DE:FSK 16' → 16, 'TV-MA' → 17; None when it says nothing we know ('Not Rated')."""
    for said in re.split(r"\s+/\s+|[|,;]", text[:_LONGEST].strip().lower()):
        plain = said.split(":")[-1].strip()
        plain = re.sub(r"^(?:rated|rating|fsk|pegi|bbfc|mpaa|ab|från|age)\s+", "", plain)
        word = plain.split(" for ")[0].split(" (")[0].strip().replace(" ", "-")
        if word in _AGES:
            return _AGES[word]
        match = re.fullmatch(r"(?:u/a-?|ua-?|k-?|m-?|fsk-?|kn-?|-)?(\d{1,2})(?:\+|a|\.|ap|-\+)?", word)
        if match and int(match[1]) <= 21:
            return int(match[1])
    return None
