"""A set of questions with right answers, as a file of one is read and stored."""

from pydantic import Field

from app.contracts.base import Contract

UNSCORED: tuple[str, ...] = ("long_answer", "unanswerable")  # MKQA's types without an answer one can compare with


class ReadQuestion(Contract):
    """One question in one language; questions of equal `key` ask the same in different languages.

    `answers` are all right ones, the empty text where the right answer is none. `choices`, where there are any, hold
    the right answer once.
    """

    language: str
    key: str
    text: str
    answers: tuple[str, ...]
    choices: tuple[str, ...] = ()
    kind: str = Field("", description="What sort of question it is; MKQA's answer type.")
    source: str = Field(description="file:line")


class Noticed(Contract):
    """A line that was left out, with its reason."""

    file: str
    line: int
    reason: str


class QuestionReport(Contract):
    """What reading a set of questions brought to light."""

    questions: dict[str, int] = Field(description="By language.")
    kinds: dict[str, int]
    with_choices: int = 0
    dropped: dict[str, int] = Field(default_factory=dict, description="Lines left out, by reason.")
    examples: tuple[Noticed, ...] = ()
    warnings: tuple[str, ...] = ()
    content_hash: str


class ReadQuestions(Contract):
    """A set of questions as read: languages in order of their codes, questions by language in reading order."""

    format: str
    languages: tuple[str, ...]
    questions: tuple[ReadQuestion, ...]
    report: QuestionReport
