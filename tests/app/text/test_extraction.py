"""What is taken out of generated text, and the trace that says how."""

import pytest

from app.text.extraction import extract, last_number

CITIES = ("Oslo", "Rome", "New York", "York")


@pytest.mark.parametrize(
    ("text", "answer", "how"),
    [
        ("Rome.", "Rome", "equal to a choice"),
        ("答えは (B) です", "Rome", "letter B"),
        ("La réponse est (C)", "New York", "letter C"),
        ("답은 B입니다", "Rome", "letter B"),
        ("Ｂ", "Rome", "letter B"),
        ("B. Rome", "Rome", "letter B"),
        ("I think it is New York", "New York", "the only choice named"),
        ("A city like Rome", "Rome", "the only choice named"),
        ("A or B?", None, "several choices named"),
        ("Paris", None, "no choice named"),
        ("E", None, "no choice named"),
    ],
)
def test_a_choice_is_found_in_any_language(text: str, answer: str | None, how: str) -> None:
    found = extract(text, first_line=True, choices=CITIES)
    assert (found.answer, found.trace[-1]) == (answer, how)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18", "18"), ("It is 3 + 15 = 18.", "18"), ("１８円です", "18"), ("१८", "18"), ("1,234.50 $", "1234.5"),
        ("1.234,5 €", "1234.5"), ("1 234", "1234"), ("1.000.000", "1000000"), ("-7", "-7"), ("−7", "-7"),
        ("0.05", "0.05"), ("007", "7"), ("none", None), ("", None),
    ],
)  # fmt: skip
def test_the_last_number(text: str, number: str | None) -> None:
    assert last_number(text) == number


def test_lines_and_emptiness_are_told() -> None:
    assert extract("\n Roma\nE poi", first_line=True) == extract(" Roma\nmore", first_line=True)
    assert extract("\n Roma\nE poi", first_line=True).trace == ("first line", "taken as it is")
    assert extract(" a\nb", first_line=False).answer == "a\nb"
    assert extract(" \n ", first_line=True).trace[-1] == "nothing written"
    assert extract("12 or 13", first_line=True, number=True).answer == "13"
