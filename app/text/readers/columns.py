"""One file a language, `ja.txt`: line i means the same in all files (nway), or each file stands alone (plain)."""

from collections.abc import Sequence

from app.errors import CorpusError
from app.text.plural import counted
from app.text.readers.lines import lines_of
from app.text.readers.reading import CorpusFile, Reading, Row, language_of, stem

GROUP_NAMES = "sent_id"  # a file of this name holds the names of the groups, as Universal Dependencies call them


def read_nway(files: Sequence[CorpusFile], reading: Reading) -> None:
    """Read files whose lines are aligned; a line that is empty in one language is left out in all.

    Raises CorpusError for unequal numbers of lines, naming files and numbers, and for a language given twice.
    """
    named = _by_language(files)
    reading.languages = list(named)
    lines = {file.name: lines_of(file, reading) for file in files}
    reading.refuse_faults()
    length = _common_length(lines)
    groups = [str(number) for number in range(1, length + 1)]
    for file in files:
        if stem(file.name) == GROUP_NAMES:
            groups = _group_names(file.name, lines.pop(file.name)[:length], reading)
    empty: set[int] = set()
    texts: dict[str, list[str]] = {}
    for language, file in named.items():
        texts[language] = [reading.clean(line) for line in lines[file.name][:length]]
        for index, text in enumerate(texts[language]):
            if not text and index not in empty:
                empty.add(index)
                reading.drop(file.name, index + 1, "empty line; left out in every language")
    for language, file in named.items():
        _warn_of_tabs(file.name, texts[language], reading)
        reading.rows.extend(
            Row(language, group, file.name, index + 1, text)
            for index, (group, text) in enumerate(zip(groups, texts[language], strict=True))
            if index not in empty
        )


def read_plain(files: Sequence[CorpusFile], reading: Reading) -> None:
    """Read files whose lines have nothing to do with each other. Raises CorpusError for a language given twice."""
    named = _by_language(files)
    reading.languages = list(named)
    for language, file in named.items():
        lines = lines_of(file, reading)
        _warn_of_tabs(file.name, [line.strip() for line in lines], reading)
        for number, line in enumerate(lines, start=1):
            if text := reading.clean(line):
                reading.rows.append(Row(language, None, file.name, number, text))
            else:
                reading.drop(file.name, number, "empty line")


def _warn_of_tabs(name: str, texts: Sequence[str], reading: Reading) -> None:
    if tabs := sum("\t" in text for text in texts):
        reading.warnings.append(
            f"{name}: {counted(tabs, 'line holds', 'lines hold')} a tab, which was read as part of the sentence. "
            "A file of two columns is named after both languages, such as jpn-eng.tsv."
        )


def _by_language(files: Sequence[CorpusFile]) -> dict[str, CorpusFile]:
    named: dict[str, CorpusFile] = {}
    for file in (file for file in files if stem(file.name) != GROUP_NAMES):
        language = language_of(file.name, stem(file.name))
        if language in named:
            raise CorpusError(f"{named[language].name} and {file.name} are both {language}. Join them into one file.")
        named[language] = file
    return dict(sorted(named.items()))


def _common_length(lines: dict[str, list[str]]) -> int:
    """Return the number of lines of all files, overlooking blank lines at the end."""
    length = min(len(content) for content in lines.values())
    if any(line.strip() for content in lines.values() for line in content[length:]):
        counts = ", ".join(f"{name} {len(content):,}" for name, content in lines.items())
        raise CorpusError(
            f"The files have different numbers of lines ({counts}), but line i must mean the same in all of them. "
            "Repair the files, or choose the format plain if they are not translations of each other."
        )
    return length


def _group_names(name: str, lines: Sequence[str], reading: Reading) -> list[str]:
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        group = line.strip()
        if not group or len(group) > reading.limits.group_characters:
            reading.fault(name, number, f"a name of 1 to {reading.limits.group_characters} characters is expected.")
        elif group in seen:
            reading.fault(name, number, f"the name {group!r} stands on line {seen[group]} already.")
        seen.setdefault(group, number)
    reading.refuse_faults()
    return [line.strip() for line in lines]
