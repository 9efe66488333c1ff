"""Rows as CSV: written piece by piece, each text cell harmless in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

Cell = str | int | float | None
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """A CSV file with its header; floats in full precision, nothing for None."""
    for row in (header, *rows):
        piece = io.StringIO(newline="")
        csv.writer(piece).writerow([plain_cell(cell) for cell in row])
        yield piece.getvalue().encode()


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A small CSV file in one piece."""
    return b"".join(csv_pieces(header, rows)).decode()


def plain_cell(cell: Cell) -> str:
    """The cell as text, with an apostrophe ahead of what a spreadsheet would take for a formula."""
    if cell is None:
        return ""
    text = cell if isinstance(cell, str) else repr(cell)
    risky = text[:1] in ("=", "+", "-", "@", "\t", "\r") and isinstance(cell, str)
    return f"'{text}" if risky and not _NUMBER.fullmatch(text) else text
