"""Tables with a header, commas or tabs between the cells: each row with the line it begins on."""

import csv
import io
from collections.abc import Iterator, Sequence

from app.errors import CorpusError
from app.text.readers.lines import lines_of
from app.text.readers.reading import CorpusFile, Reading

LONGEST_CELL = 1_000_000  # characters; the csv module's own limit is an eighth of it


def table_rows(
    file: CorpusFile, reading: Reading, needed: Sequence[Sequence[str]], delimiter: str = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line on which the row begins, its cells that are not empty, by column). Broken rows are noted.

    A cell in quotation marks may hold line ends. Names of columns are in small letters; of each group in `needed` there
    must be one. Raises CorpusError for a header that has none.
    """
    csv.field_size_limit(LONGEST_CELL)
    text = "\n".join(lines_of(file, reading))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begin = 1
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if not all(set(group) & set(names) for group in needed):
            columns = " and ".join(group[0] for group in needed)
            has = ", ".join(name[:40] for name in names[:20]) or "none"
            raise CorpusError(f"{file.name} line 1: the header needs the columns {columns}; it has {has}.")
        begin = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(names):
                reading.fault(
                    file.name, begin, f"{len(names)} cells are expected, as the header has, not {len(cells)}. Put a "
                    "cell that holds separators or line ends in quotation marks.",
                )  # fmt: skip
            elif cells:
                yield begin, {name: cell for name, cell in zip(names, cells, strict=True) if name and cell}
            begin = reader.line_num + 1
    except csv.Error as broken:
        reading.fault(file.name, begin, f"this row cannot be read ({broken}). Is a quotation mark never closed?")
