import pytest

from app.text.normalise import has_marks, is_blank, mark, normalise, visible


def shown(text: str) -> list[tuple[str, bool]]:
    return [(segment.text, segment.is_mark) for segment in visible(text)]


def test_one_spelling_for_equal_texts() -> None:
    assert normalise("\ufeffCafe\u0301 \r\n") == "Caf\u00e9"
    assert normalise("\u3000は\u3099か\u3000") == "ばか"
    assert normalise("각") == "각"  # jamo
    assert normalise("ﬁne") == "ﬁne"  # a compatibility ligature is not ours to change


def test_direction_marks_are_kept() -> None:
    assert normalise("\u202eabc") == "\u202eabc"


@pytest.mark.parametrize("text", ["", " \t", "\u3000\u00a0", "\u200b\ufeff", "\u202e", "\u3164", "\x1b"])
def test_nothing_to_see_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", [".", "ا", " 水 ", "🙂", "\u0301"])
def test_something_to_see_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    "code",
    [
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0x200E,
        0x200F,
        0x061C,
        0x200B,
        0x2060,
        0xFEFF,
        0x00AD,
        0x00,
        0x1B,
        0x7F,
        0x85,
        0x0B,
        0x0D,
        0x2028,
        0x3164,
        0xE0041,
    ],
)
def test_what_hides_gets_a_mark(code: int) -> None:
    assert shown(f"a{chr(code)}b") == [("a", False), (f"⟨U+{code:04X}⟩", True), ("b", False)]
    assert has_marks(f"a{chr(code)}b")


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم بروم",  # Persian
        "क्\u200dष और ක්\u200dරී",  # Hindi, Sinhala
        "👩\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 👍🏽",
        "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",  # Wales
        "two\nlines\tand a tab",
        "שלום، ไม่เป็นไร",
    ],
)
def test_what_belongs_to_the_text_stays(text: str) -> None:
    assert shown(text) == [(text, False)]
    assert not has_marks(text)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("pass\u200cword", 1),
        ("日\u200d本", 1),
        ("\u200d", 1),
        ("ب\u200c\u200cب", 1),
        ("x\ufe0f\ufe01\ufe02", 2),  # a row of variation selectors carries bytes
        ("🏴\U000e0041", 1),
    ],
)
def test_joiners_and_selectors_out_of_place_get_a_mark(text: str, hidden: int) -> None:
    assert sum(is_mark for _, is_mark in visible(text)) == hidden


def test_segments_spell_the_text() -> None:
    text = "\u2066ab\u2069\u200bc\x00"
    assert "".join(part for part, is_mark in visible(text) if not is_mark) == "abc"
    assert [part for part, is_mark in visible(text) if is_mark] == [mark(c) for c in "\u2066\u2069\u200b\x00"]
    assert visible("") == ()
