"""Language tags of containers (ISO 639-2) as the web writes them (BCP 47), and their own names. Pure."""

import re

_SHORT = {
    "ara": "ar", "ben": "bn", "bul": "bg", "cat": "ca", "ces": "cs", "cze": "cs", "chi": "zh", "zho": "zh", "hrv": "hr",
    "dan": "da", "nld": "nl", "dut": "nl", "eng": "en", "est": "et", "fin": "fi", "fra": "fr", "fre": "fr", "deu": "de",
    "ger": "de", "ell": "el", "gre": "el", "guj": "gu", "heb": "he", "hin": "hi", "hun": "hu", "isl": "is", "ice": "is",
    "ind": "id", "gle": "ga", "ita": "it", "jpn": "ja", "kan": "kn", "kor": "ko", "lav": "lv", "lit": "lt", "msa": "ms",
    "may": "ms", "mal": "ml", "mar": "mr", "nor": "no", "nob": "nb", "nno": "nn", "pan": "pa", "fas": "fa", "per": "fa",
    "pol": "pl", "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru", "srp": "sr", "slk": "sk", "slo": "sk", "slv": "sl",
    "spa": "es", "swa": "sw", "swe": "sv", "tam": "ta", "tel": "te", "tha": "th", "tur": "tr", "ukr": "uk", "urd": "ur",
    "vie": "vi", "cym": "cy", "wel": "cy", "eus": "eu", "baq": "eu", "glg": "gl", "lat": "la", "epo": "eo", "tgl": "tl",
}  # fmt: skip
_NAMES = {
    "ar": "العربية", "bg": "Български", "bn": "বাংলা", "ca": "Català", "cs": "Čeština", "cy": "Cymraeg", "da": "Dansk",
    "de": "Deutsch", "el": "Ελληνικά", "en": "English", "eo": "Esperanto", "es": "Español", "et": "Eesti",
    "eu": "Euskara", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "ga": "Gaeilge", "gl": "Galego", "gu": "ગુજરાતી",
    "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar", "id": "Bahasa Indonesia", "is": "Íslenska",
    "it": "Italiano", "ja": "日本語", "kn": "ಕನ್ನಡ", "ko": "한국어", "la": "Latina", "lt": "Lietuvių", "lv": "Latviešu",
    "ml": "മലയാളം", "mr": "मराठी", "ms": "Bahasa Melayu", "nb": "Norsk bokmål", "nl": "Nederlands", "nn": "Nynorsk",
    "no": "Norsk", "pa": "ਪੰਜਾਬੀ", "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский",
    "sk": "Slovenčina", "sl": "Slovenščina", "sr": "Српски", "sv": "Svenska", "sw": "Kiswahili",
    "ta": "தமிழ்", "te": "తెలుగు", "th": "ไทย", "tl": "Tagalog", "tr": "Türkçe",
    "uk": "Українська", "ur": "اردو", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip
_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)


def tag(language: str) -> str:
    """The BCP 47 tag of whatever a container or a file name says; 'und' when it is not a language tag."""
    given = language.strip().replace("_", "-")
    if not _TAG.fullmatch(given):
        return "und"
    first, *rest = given.lower().split("-")
    first = _SHORT.get(first, first)
    parts = [part.title() if len(part) == 4 else part.upper() for part in rest]
    return "-".join([first, *parts])


def name(language: str) -> str:
    """What speakers call it, for menus; the tag itself when we have no name, 'Original' for 'und'."""
    if language == "und":
        return "Original"
    first, _, rest = language.partition("-")
    known = _NAMES.get(first)
    if known is None:
        return language
    return f"{known} ({rest})" if rest else known


def known() -> list[tuple[str, str]]:
    """Tags and names of the languages that have one here, by tag."""
    return sorted(_NAMES.items())
