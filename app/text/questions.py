"""Questions with right answers from files: MKQA's own, JSON lines, CSV, or MGSM's two columns; faults named by line."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from app.contracts.questions import Noticed, QuestionReport, ReadQuestion, ReadQuestions
from app.errors import BadInput, CorpusError
from app.text.readers.files import open_files
from app.text.readers.jsonl import language_or_none, rows_of
from app.text.readers.lines import lines_of
from app.text.readers.reading import SHOWN, CorpusFile, Limits, Reading, stem
from app.text.readers.tables import table_rows

FORMATS: dict[str, str] = {
    "auto": "Told from names and first lines",
    "mkqa": "MKQA's own format: queries and answers by language",
    "jsonl": "JSON lines: question, answer or answers, and language, choices, id if there are any",
    "csv": "CSV with a header: question, answers, and language, choices, id if there are any",
    "columns": "Two columns, question and answer, one file a language: mgsm_ja.tsv",
}
SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt")
QUESTION, ANSWER, LANGUAGE = ("question", "query", "text"), ("answers", "answer", "target"), ("language", "lang")
KEY, KIND, SEPARATOR = ("key", "group", "example_id", "id"), ("kind", "type", "category"), "|"
LONGEST_KEY, LONGEST_KIND, MOST_CHOICES = 120, 40, 26

Fields = dict[str, object]


@dataclass
class _Book:
    """Enters questions, and sees that each key holds a language once."""

    reading: Reading
    questions: list[ReadQuestion] = field(default_factory=list)
    places: dict[tuple[str, str], str] = field(default_factory=dict)

    def enter(self, file: CorpusFile, number: int, row: Fields, code: object, key: object) -> None:
        """One question from its fields; what is wrong is noted with file and line."""
        found = language_or_none(code) if isinstance(code, str) else None
        text, right, choices = _first(row, QUESTION), _texts(_first(row, ANSWER)), _texts(row.get("choices"))
        kind, name = _first(row, KIND), str(number if key is None else key)
        if found is None:
            self._fault(file, number, f"{_shown(code)} is no language we know, such as ja, jpn or pt-BR. {_NAMING}")
        elif not isinstance(text, str):
            self._fault(file, number, "a question is a text in a field called question.")
        elif right is None or choices is None:
            self._fault(file, number, "answers and choices are texts, numbers, or lists of them.")
        elif not 0 < len(name) <= LONGEST_KEY:
            self._fault(file, number, f"the id of a question has 1 to {LONGEST_KEY} characters.")
        elif (found, name) in self.places:
            self._fault(
                file, number, f"the question {name} is there in {found} already, in {self.places[found, name]}."
            )
        elif (reason := self._unusable(text, right)) is not None:
            self.reading.drop(file.name, number, reason)
        elif (answers := self._among(file, number, _first(row, ANSWER), right, choices)) is not None:
            source = f"{file.name}:{number}"
            self.places[found, name] = f"{file.name} line {number}"
            aliases = _texts(row.get("aliases")) or ()
            self.questions.append(
                ReadQuestion(
                    language=found, key=name, text=self.reading.clean(text), choices=choices, source=source,
                    answers=tuple(dict.fromkeys((*answers, *aliases))), kind=str(kind or "")[:LONGEST_KIND],
                )
            )  # fmt: skip

    def _unusable(self, text: str, right: tuple[str, ...]) -> str | None:
        if not self.reading.clean(text):
            return "empty question"
        return None if right else "no answer"

    def _among(
        self, file: CorpusFile, number: int, raw: object, right: tuple[str, ...], choices: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        """The right choice: named by its text, its number from 0, or its letter. None if there is no such choice."""
        if not choices:
            return right
        if not 2 <= len(choices) <= MOST_CHOICES or len(set(choices)) < len(choices):
            self._fault(file, number, f"choices are 2 to {MOST_CHOICES} different texts.")
            return None
        if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < len(choices):
            return (choices[raw],)
        named = [choice for choice in choices if choice in right]
        if not named and len(right) == 1 and right[0].upper() in _LETTERS[: len(choices)]:
            named = [choices[_LETTERS.index(right[0].upper())]]
        if len(named) != 1:
            self._fault(file, number, f"the answer {_shown(raw)} is not one of the choices.")
            return None
        return tuple(named)

    def _fault(self, file: CorpusFile, number: int, reason: str) -> None:
        self.reading.fault(file.name, number, reason)


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAMING = "Give each question a field language, or name the file after it, as ja.jsonl."


def read_questions(files: Sequence[CorpusFile] | Path, format: str = "auto") -> ReadQuestions:
    """Read uploaded files, or a folder or file on disk.

    Raises CorpusError naming file and line for whatever breaks the format, BadInput for an unknown format, TooLarge.
    """
    if format not in FORMATS:
        raise BadInput(f"There is no format {format!r} of question sets: choose one of {', '.join(FORMATS)}.")
    reading = Reading(Limits())
    opened, skipped = open_files(files, reading.limits, SUFFIXES)
    book = _Book(reading)
    chosen = {_kind(file) for file in opened} if format == "auto" else {format}
    for file in opened:
        _READERS[_kind(file) if format == "auto" else format](file, book)
    reading.refuse_faults()
    if not book.questions:
        raise CorpusError("There is no question with an answer in these files. Look at the format, or at the columns.")
    if skipped:
        reading.warnings.append(f"Files without questions were left out: {', '.join(skipped[:SHOWN])}.")
    questions = tuple(sorted(book.questions, key=lambda one: one.language))  # stable: reading order stays
    languages = tuple(sorted({one.language for one in questions}))
    return ReadQuestions(
        format=" and ".join(sorted(chosen)), languages=languages, questions=questions,
        report=_report(reading, questions),
    )  # fmt: skip


def _kind(file: CorpusFile) -> str:
    if file.name.endswith(".csv"):
        return "csv"
    if file.name.endswith((".tsv", ".txt")):
        return "columns"
    head = file.data[:400_000]
    return "mkqa" if b'"queries"' in head and b'"answers"' in head else "jsonl"


def _read_mkqa(file: CorpusFile, book: _Book) -> None:
    for number, row in rows_of(file, book.reading):
        queries, answers, key = row.get("queries"), row.get("answers"), row.get("example_id")
        if not isinstance(queries, dict) or not isinstance(answers, dict) or not isinstance(key, int | str):
            book.reading.fault(file.name, number, "an MKQA row holds queries and answers by language, and example_id.")
            continue
        for code, text in queries.items():
            given = answers.get(code)
            if given is None:
                book.reading.drop(file.name, number, f"no {code} answer")
            elif not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
                book.reading.fault(file.name, number, f"the {code} answers are a list of objects in MKQA.")
            else:
                book.enter(file, number, {"question": text, **_mkqa_answers(given)}, code, key)


def _mkqa_answers(given: list[Fields]) -> Fields:
    """All texts and aliases; an answer without text stands for no answer, as in MKQA's own evaluation."""
    texts: list[object] = []
    for one in given:
        aliases = one.get("aliases")
        texts += [one.get("text") or "", *(aliases if isinstance(aliases, list) else [])]
    return {"answers": texts, "kind": given[0].get("type") if given else None}


def _read_jsonl(file: CorpusFile, book: _Book) -> None:
    for number, row in rows_of(file, book.reading):
        _enter_row(file, number, row, book)


def _read_csv(file: CorpusFile, book: _Book) -> None:
    for number, row in table_rows(file, book.reading, (QUESTION, ANSWER)):
        cells: Fields = dict(row)
        for many in (*ANSWER, "choices", "aliases"):
            if isinstance(value := cells.get(many), str):
                cells[many] = [part.strip() for part in value.split(SEPARATOR)]
        _enter_row(file, number, cells, book)


def _enter_row(file: CorpusFile, number: int, row: Fields, book: _Book) -> None:
    code, key = _first(row, LANGUAGE) or _code_of(file), _first(row, KEY)
    if isinstance(key, str) and isinstance(code, str):  # MIA writes the language behind the id: 12_zh_cn
        key = key.removesuffix(f"_{code}")
    book.enter(file, number, row, code, key)


def _read_columns(file: CorpusFile, book: _Book) -> None:
    for number, line in enumerate(lines_of(file, book.reading), start=1):
        cells = line.split("\t")
        if not line.strip():
            continue
        if len(cells) != 2:
            book.reading.fault(
                file.name, number, f"a question, a tab and its answer are expected, not {len(cells)} cells."
            )
            continue
        book.enter(file, number, {"question": cells[0], "answer": cells[1].strip()}, _code_of(file), number)


_READERS: dict[str, Callable[[CorpusFile, _Book], None]] = {
    "mkqa": _read_mkqa, "jsonl": _read_jsonl, "csv": _read_csv, "columns": _read_columns,
}  # fmt: skip


def _code_of(file: CorpusFile) -> str:
    """What a file's name says of its language: ja.jsonl -> ja, mgsm_ja.tsv -> ja, mkqa-zh_cn.jsonl -> zh_cn."""
    name = stem(file.name)
    parts = (name, name.split("-", 1)[-1], name.split("_", 1)[-1], name.rsplit("_", 1)[-1])
    return next((part for part in parts if language_or_none(part) is not None), name)


def _texts(value: object) -> tuple[str, ...] | None:
    """A text, number or list of them as texts; None for anything else."""
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in values):
        return None
    return tuple(dict.fromkeys(str(one).strip() for one in values))


def _first(row: Fields, names: Sequence[str]) -> object:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _shown(value: object) -> str:
    return f"“{str(value)[:40]}”"


def _report(reading: Reading, questions: Sequence[ReadQuestion]) -> QuestionReport:
    return QuestionReport(
        questions=dict(Counter(one.language for one in questions)),
        kinds=dict(Counter(one.kind for one in questions if one.kind).most_common(SHOWN)),
        with_choices=sum(bool(one.choices) for one in questions),
        dropped=dict(reading.dropped),
        examples=tuple(Noticed(file=one.file, line=one.line, reason=one.reason) for one in reading.examples),
        warnings=tuple(reading.warnings),
        content_hash=sha256("\0".join(_parts(questions)).encode()).hexdigest(),
    )


def _parts(questions: Sequence[ReadQuestion]) -> Iterator[str]:
    for one in questions:
        yield from (one.language, one.key, one.text, str(len(one.answers)), *one.answers, *one.choices)
