from datetime import UTC, datetime

import pytest

from app.web.formatting import brief, count, counted, duration, moment, number, significant, size, visible


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0.00"),
        (0.123456, "0.123"),
        (-0.5, "−0.500"),
        (5.2, "5.20"),
        (99.96, "100"),
        (5201, "5\u202f200"),
        (999_999, "1\u202f000\u202f000"),
        (1_234_567, "1.23e6"),
        (0.0000123, "1.23e−5"),
    ],
)
def test_three_significant_digits(value: float | None, text: str) -> None:
    assert significant(value) == text


def test_a_number_carries_its_full_value_in_the_tooltip() -> None:
    assert 'title="0.123456789"' in number(0.123456789)
    assert ">0.123<" in number(0.123456789)


def test_counts_sizes_durations() -> None:
    assert count(1234567) == "1\u202f234\u202f567"
    assert [counted(n, "token") for n in (1, 1206)] == ["1 token", "1\u202f206 tokens"]
    assert [size(n) for n in (0, 999, 1500, 81_400_000_000)] == ["0 bytes", "999 bytes", "1.5 kB", "81.4 GB"]
    wanted = {0.2: "under 1 s", 0: "0 s", 59.6: "1 min", 200: "3 min 20 s", 3600: "1 h", 7500: "2 h 5 min"}
    assert {seconds: duration(seconds) for seconds in wanted} == wanted


def test_a_moment_is_exact_in_the_markup() -> None:
    text = moment(datetime(2026, 11, 22, 9, 5, 7, tzinfo=UTC))
    assert 'datetime="2026-11-22T09:05:07+00:00"' in text
    assert "2026-11-22 09:05 UTC" in text


def test_hidden_characters_are_shown_and_markup_is_not_obeyed() -> None:
    shown = visible("a\u202eb\x07<b>")
    assert "U+202E" in shown
    assert "U+0007" in shown
    assert "\u202e" not in shown
    assert "&lt;b&gt;" in shown


def test_long_hashes_are_shortened_whole_in_the_tooltip() -> None:
    assert brief("main") == "main"
    assert "f" * 40 in brief("f" * 40)
    assert ">" + "f" * 10 + "…" in brief("f" * 40)
