"""Texts cut for marking: graphemes stay whole, what is hidden is shown, differences are found by word and grapheme."""

import pytest

from app.comparisons.cells import Cell, cells
from app.comparisons.differences import Unit, divergence, only_in_first, units


def spelled(found: list[Cell]) -> list[tuple[str, int, int]]:
    return [(cell.text, cell.first, cell.last) for cell in found]


def test_cells_join_to_the_text_and_name_their_tokens() -> None:
    assert spelled(cells(["今日", "は", " good"])) == [("今日", 0, 0), ("は", 1, 1), (" good", 2, 2)]


def test_a_grapheme_of_two_tokens_is_one_cell() -> None:
    assert spelled(cells(["e", "\u0301a"])) == [("e\u0301", 0, 1), ("a", 1, 1)]


def test_what_hides_is_a_mark_and_line_ends_are_shown_and_obeyed() -> None:
    found = cells(["a\u202eb", "\n"])
    assert [(cell.text, cell.kind) for cell in found] == [
        ("a", "text"), ("⟨U+202E⟩", "mark"), ("b", "text"), ("↵\n", "break"),
    ]  # fmt: skip


def test_tokens_without_text_have_no_cell() -> None:
    assert spelled(cells(["", "a", ""])) == [("a", 1, 1)]


@pytest.mark.parametrize(
    ("first", "second", "unit", "kept"),
    [
        ("the cat sat", "the dog sat", "words", "the  sat"),
        ("明日は雨", "明日も雨", "words", "明日雨"),
        ("مرحبا بالعالم", "مرحبا يا عالم", "words", "مرحبا "),
        ("kitten", "sitten", "graphemes", "itten"),
        ("e\u0301a", "ea", "graphemes", "a"),
        ("same", "other", "off", "same"),
        ("", "x", "words", ""),
    ],
)
def test_differences(first: str, second: str, unit: Unit, kept: str) -> None:
    flags = only_in_first(first, second, unit)
    assert len(flags) == len(first)
    assert "".join(char for char, differs in zip(first, flags, strict=True) if not differs) == kept


def test_units_join_to_the_text() -> None:
    for text in ("Hallo, Welt!\n", "日本語です。", "नमस्ते दुनिया", ""):
        for unit in ("words", "graphemes"):
            assert "".join(units(text, unit)) == text


def test_divergence_counts_the_end() -> None:
    assert divergence((1, 2, 3), (1, 2, 3)) is None
    assert divergence((1, 2, 3), (1, 5, 3)) == 1
    assert divergence((1, 2), (1, 2, 3)) == 2
