"""From files to a checked corpus: sentences by language, joined by meaning, with a report of all that was noticed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from app.errors import BadInput, CorpusError
from app.text.languages import canonical, language
from app.text.normalise import has_marks
from app.text.plural import counted, plural
from app.text.readers.columns import read_nway, read_plain
from app.text.readers.detect import detect
from app.text.readers.files import open_files
from app.text.readers.jsonl import read_jsonl, read_mkqa
from app.text.readers.pairs import read_pairs
from app.text.readers.reading import SHOWN, CorpusFile, Example, Limits, Reading, Row
from app.text.scripts import wrong_script

__all__ = ["FORMATS", "Corpus", "CorpusFile", "Example", "Format", "Limits", "Report", "Sentence", "read_corpus"]

Format = Literal["auto", "pairs", "nway", "jsonl", "mkqa", "plain"]

FORMATS: dict[str, str] = {
    "auto": "Told from names and first lines",
    "pairs": "Pair files: jpn-eng.tsv, the pivot's sentence, a tab, its translation",
    "nway": "One file a language: ja.txt, line i means the same in all",
    "jsonl": "JSON lines: languages as fields, or language, text and group",
    "mkqa": "MKQA's own format: its questions",
    "plain": "One file a language, not translations of each other",
}

DUPLICATE, WRONG_SCRIPT, LONG, MARKS = "duplicate", "wrong_script", "long", "hidden_characters"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in normal form; sentences of equal group mean the same, None: nothing is known.

    `line` counts from 1 in `file`. Flags: duplicate (the language had this text before), wrong_script, long,
    hidden_characters (controls or direction marks).
    """

    language: str
    group: str | None
    line: int
    file: str
    text: str
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Report:
    """What reading a corpus brought to light; `as_json` is what is stored."""

    sentences: dict[str, int]  # by language
    groups: int
    complete_groups: int  # with a sentence in every language
    duplicates: dict[str, int]  # by language; 0 left out
    flagged: dict[str, int]  # by flag
    dropped: dict[str, int]  # by reason
    examples: tuple[Example, ...]  # the first of each reason and flag
    warnings: tuple[str, ...]
    content_hash: str  # of languages, texts and groups; not of names of files and order of languages

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus as read: languages with the pivot first, sentences by language in reading order."""

    format: str
    pivot: str | None
    languages: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    report: Report


def read_corpus(
    files: Sequence[CorpusFile] | Path,
    format: Format = "auto",
    pivot: str | None = None,
    limits: Limits | None = None,
) -> Corpus:
    """Read uploaded files, or a folder or file on disk, into a corpus.

    Raises CorpusError naming file and line for whatever breaks the format, BadInput for an unknown pivot or format,
    TooLarge beyond the limits.
    """
    if format not in FORMATS:
        raise BadInput(f"There is no corpus format {format!r}: choose one of {', '.join(FORMATS)}.")
    pivot = canonical(pivot) if pivot else None
    reading = Reading(limits or Limits(), pivot=pivot)
    opened, skipped = open_files(files, reading.limits)
    chosen = detect(opened, pivot) if format == "auto" else format
    readers: dict[str, Callable[[], None]] = {
        "pairs": lambda: read_pairs(opened, pivot, reading),
        "nway": lambda: read_nway(opened, reading),
        "jsonl": lambda: read_jsonl(opened, reading),
        "mkqa": lambda: read_mkqa(opened, reading),
        "plain": lambda: read_plain(opened, reading),
    }
    readers[chosen]()
    reading.refuse_faults()
    if skipped:
        reading.warnings.append(f"Files without sentences were left out: {', '.join(skipped[:SHOWN])}.")
    languages = _ordered(reading)
    sentences = _sentences(reading, languages)
    return Corpus(chosen, reading.pivot, languages, sentences, _report(reading, languages, sentences))


def _ordered(reading: Reading) -> tuple[str, ...]:
    """Return the languages, pivot first. Raises CorpusError for too few languages or sentences."""
    languages = reading.languages
    if reading.pivot is not None:
        if reading.pivot not in languages:
            raise CorpusError(
                f"The pivot {reading.pivot} is not in the corpus, which has {', '.join(languages) or 'none'}."
            )
        languages = [reading.pivot, *(code for code in languages if code != reading.pivot)]
    counts = Counter(row.language for row in reading.rows)
    for code in languages:
        if counts[code] < 2:
            number = "only 1 sentence" if counts[code] else "no sentence"
            raise CorpusError(f"The corpus has {number} in {language(code).name} ({code}); at least 2 are needed.")
    if len(languages) < 2:
        found = f"one language, {languages[0]}" if languages else "no sentence"
        raise CorpusError(f"The corpus has {found}; at least 2 languages are needed.")
    return tuple(languages)


def _sentences(reading: Reading, languages: Sequence[str]) -> tuple[Sentence, ...]:
    rows: dict[str, list[Row]] = {code: [] for code in languages}
    for row in reading.rows:
        rows[row.language].append(row)
    seen: set[tuple[str, str]] = set()
    sentences: list[Sentence] = []
    for row in (row for code in languages for row in rows[code]):
        flags = _flags(row, reading.limits)
        if (row.language, row.text) in seen:
            flags.append(DUPLICATE)
        seen.add((row.language, row.text))
        sentences.append(Sentence(row.language, row.group, row.line, row.file, row.text, frozenset(flags)))
    return tuple(sentences)


def _flags(row: Row, limits: Limits) -> list[str]:
    flags = []
    if wrong_script(row.text, row.language):
        flags.append(WRONG_SCRIPT)
    if len(row.text) > limits.long_characters:
        flags.append(LONG)
    if has_marks(row.text):
        flags.append(MARKS)
    return flags


def _report(reading: Reading, languages: Sequence[str], sentences: Sequence[Sentence]) -> Report:
    counts = Counter(sentence.language for sentence in sentences)
    groups = Counter(sentence.group for sentence in sentences if sentence.group is not None)
    flagged = Counter(flag for sentence in sentences for flag in sentence.flags)
    wrong = Counter(sentence.language for sentence in sentences if WRONG_SCRIPT in sentence.flags)
    return Report(
        sentences={code: counts[code] for code in languages},
        groups=len(groups),
        complete_groups=sum(number == len(languages) for number in groups.values()),
        duplicates=dict(Counter(sentence.language for sentence in sentences if DUPLICATE in sentence.flags)),
        flagged=dict(flagged),
        dropped=dict(reading.dropped),
        examples=(*reading.examples, *_examples(sentences)),
        warnings=(
            *reading.warnings,
            *(_wrong_language(code, wrong[code], counts[code]) for code in languages if wrong[code] * 2 > counts[code]),
        ),
        content_hash=_content_hash(sentences),
    )


def _examples(sentences: Sequence[Sentence]) -> list[Example]:
    shown: Counter[str] = Counter()
    examples = []
    for sentence in sentences:
        for flag in sorted(sentence.flags):
            shown[flag] += 1
            if shown[flag] <= SHOWN:
                examples.append(Example(sentence.file, sentence.line, flag, sentence.language))
    return examples


def _wrong_language(code: str, wrong: int, count: int) -> str:
    return (
        f"{wrong:,} of {counted(count, 'sentence')} {plural(wrong, 'is', 'are')} "
        f"in a script that {language(code).name} ({code}) does not use. "
        "Is the file named after another language, or are its columns swapped?"
    )


def _content_hash(sentences: Sequence[Sentence]) -> str:
    """Hash what the corpus says: the same content under other file names or in another order of languages is equal."""
    groups: dict[str, int] = {}
    digest = sha256()
    for sentence in sorted(sentences, key=lambda sentence: sentence.language):  # stable: reading order stays
        group = "" if sentence.group is None else str(groups.setdefault(sentence.group, len(groups)))
        digest.update(f"{sentence.language}\0{group}\0{sentence.text}\0".encode())
    return digest.hexdigest()
