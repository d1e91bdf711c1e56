"""Old subtitle files: read in the letters they were written in, with and without knowing the language."""

# ruff: noqa: RUF001 (letters of many scripts are what this is about)

import pytest

from catalog.media import charsets

RUSSIAN = "Привет! Как тебя зовут?\nМеня зовут Иван, а его — Пётр."
GREEK = "Γειά σου! Πώς σε λένε;\nΜε λένε Νίκο."
POLISH = "Zażółć gęślą jaźń.\nGdzie jest książka?"
FRENCH = "Où êtes-vous allé ? Ça ne m'étonne guère.\nIl était une fois, à l'école…"
JAPANESE = "こんにちは、元気ですか。\n私の名前は田中です。"
CHINESE = "你好,你叫什么名字?\n我的名字是小明。"
TAIWAN = "你好,你叫什麼名字?\n我們明天見。"
KOREAN = "안녕하세요. 이름이 뭐예요?\n저는 김민수입니다."
HEBREW = "שלום, מה שלומך?\nקוראים לי דוד."
ARABIC = "مرحبا، كيف حالك؟\nاسمي أحمد."
THAI = "สวัสดีครับ คุณชื่ออะไร\nผมชื่อสมชาย"
TURKISH = "Günaydın, nasılsınız?\nİyiyim, teşekkür ederim. Şu ığdır."


@pytest.mark.parametrize(
    ("text", "encoding", "language"),
    [
        (RUSSIAN, "cp1251", "ru"),
        (RUSSIAN.replace("—", "-"), "koi8-r", "ru"),
        ("Где ты был?", "cp866", "ru"),
        (GREEK, "cp1253", "el"),
        (POLISH, "cp1250", "pl"),
        (POLISH, "iso8859-2", "pl"),
        (FRENCH, "cp1252", "fr"),
        (JAPANESE, "cp932", "ja"),
        (JAPANESE, "euc_jp", "ja"),
        (CHINESE, "gb18030", "zh"),
        (TAIWAN, "big5", "zh-TW"),
        (TAIWAN, "big5", "zh"),
        (KOREAN, "cp949", "ko-KR"),
        (HEBREW, "cp1255", "he"),
        (ARABIC, "cp1256", "ar"),
        (THAI, "cp874", "th"),
        (TURKISH, "cp1254", "tr"),
    ],
)
def test_a_track_whose_language_is_known(text: str, encoding: str, language: str):
    assert charsets.decode(text.encode(encoding), language) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN.replace("—", "-"), "koi8-r"),
        (GREEK, "cp1253"),
        (FRENCH, "cp1252"),
        ("Das ist ja schön, Größe zählt nicht. Grüße aus Köln!", "cp1252"),
        ("¿Dónde está el niño? ¡Mañana!", "cp1252"),
        (JAPANESE, "cp932"),
        (CHINESE, "gb18030"),
        (KOREAN, "cp949"),
        (ARABIC, "cp1256"),
        (THAI, "cp874"),
    ],
)
def test_a_track_whose_language_is_not(text: str, encoding: str):
    assert charsets.decode(text.encode(encoding), "und") == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_known_with_and_without_its_mark(encoding: str):
    text = "1\n00:00:01,000 --> 00:00:02,000\nGrüße, Привет\n\n2\n00:00:03,000 --> 00:00:04,000\nMore words\n"
    assert charsets.decode(text.encode(encoding), "ru") == text


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x00" * 64, bytes(range(256)) * 40])
def test_rubbish_is_text_of_some_kind(data: bytes):
    assert isinstance(charsets.decode(data), str)
