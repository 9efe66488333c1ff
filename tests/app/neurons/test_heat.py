"""Token heat maps: every grapheme whole, every byte there, colours by value."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.neurons.contracts import Example, TokenValue
from app.neurons.heat import STEPS, colour_class, reach, spans
from app.text.tokens import display_clusters
from tests.support.synthetic_text import HOSTILE, lines


def tokens_of(text: str, size: int, values: list[float]) -> list[TokenValue]:
    """The text's bytes cut every `size` bytes, wherever that falls."""
    raw = text.encode()
    pieces = [raw[i : i + size] for i in range(0, len(raw), size)]
    return [TokenValue(id=i, bytes=piece.hex(), value=values[i % len(values)]) for i, piece in enumerate(pieces)]


TEXTS = [*lines("en", 1), *lines("ja", 1), *lines("ar", 2), *lines("hi", 2), *lines("th", 2), *HOSTILE]


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("text", TEXTS)
def test_spans_join_to_the_text_and_cut_no_grapheme(text: str, size: int) -> None:
    tokens = tokens_of(text, size, [1.0, -0.5, 0.0])
    found = spans(tokens, 1.0)
    clusters = [cluster.text for cluster in display_clusters([bytes.fromhex(token.bytes) for token in tokens])]
    assert "".join(span.text for span in found) == "".join(clusters)
    ends = set(itertools.accumulate(len(cluster) for cluster in clusters))
    assert set(itertools.accumulate(len(span.text) for span in found)) <= ends


@settings(deadline=None)
@given(st.text(max_size=40), st.integers(1, 7))
def test_any_text_in_any_pieces(text: str, size: int) -> None:
    tokens = tokens_of(text, size, [0.1, 2.0])
    found = spans(tokens, 2.0)
    shown = "".join(cluster.text for cluster in display_clusters([bytes.fromhex(token.bytes) for token in tokens]))
    assert "".join(span.text for span in found) == shown


def test_a_shared_grapheme_takes_its_strongest_token() -> None:
    token = [TokenValue(id=i, bytes=f"{byte:02x}", value=value) for i, (byte, value) in
             enumerate(zip("語".encode(), (0.1, -3.0, 0.2), strict=True))]  # fmt: skip
    only = spans(token, 3.0)
    assert [(span.text, span.css) for span in only] == [("語", "c10")]
    assert only[0].title.count("\n") == 2


def test_a_tooltip_names_the_token() -> None:
    found = spans([TokenValue(id=12, bytes="20e69db1", value=3.9123)], 4.0)
    assert found[0].title == "“ 東” 3.91 · token 0 · id 12 · 20 E6 9D B1"


@settings(deadline=None)
@given(st.floats(-10, 10), st.floats(0.001, 10))
def test_colours_have_the_sign_and_grow_with_the_size(value: float, full: float) -> None:
    css = colour_class(value, full)
    if css:
        assert css[0] == ("h" if value > 0 else "c")
        assert 1 <= int(css[1:]) <= STEPS
    assert colour_class(full, full) == f"h{STEPS}"
    assert colour_class(-full, full) == f"c{STEPS}"


@pytest.mark.parametrize(("value", "full"), [(0.0, 1.0), (1.0, 0.0), (math.nan, 1.0), (math.inf, 1.0)])
def test_nothing_to_colour(value: float, full: float) -> None:
    assert colour_class(value, full) == ""


def test_reach_is_the_largest_size() -> None:
    tokens = (TokenValue(id=1, bytes="61", value=-5.0), TokenValue(id=1, bytes="61", value=2.0))
    assert reach([Example(language="en", value=2.0, sentence=1, source="", tokens=tokens)]) == 5.0
    assert reach([]) == 0.0
