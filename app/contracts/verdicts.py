"""Which language a text is in: for the whole, per line, per span, and where it switches."""

from pydantic import Field

from app.contracts.base import Contract


class Verdict(Contract):
    """The language of one piece of text; None with the reason when it cannot be told."""

    language: str | None
    confidence: float = Field(0.0, ge=0, le=1)
    script: str = Field("", description="ISO 15924 code of the script most letters are in; empty without letters.")
    reason: str = Field("", description="Why it is not determined, or what decided: script, words.")


class LineVerdict(Verdict):
    """The verdict of one line; characters `start` to `end` of the text."""

    start: int
    end: int


class SpanVerdict(Verdict):
    """The verdict of a stretch in one language; characters `start` to `end` of the text."""

    start: int
    end: int


class Switch(Contract):
    """The first place where a text leaves its target (or first) language."""

    character: int
    token: int | None = Field(None, description="Index of the generated token, from 0, where tokens are known.")
    language: str


class TextVerdict(Contract):
    """All that is said about the language of one output.

    `thinking` is what stood between <think> marks and `answer` the rest, both None without such marks; then switch,
    in_target and the passes speak of the answer alone.
    """

    whole: Verdict
    lines: tuple[LineVerdict, ...] = ()
    spans: tuple[SpanVerdict, ...] = ()
    switch: Switch | None = None
    thinking: Verdict | None = None
    answer: Verdict | None = None
    in_target: bool | None = Field(
        None, description="Answer in the target language; None: no target, or nothing that tells either way."
    )
    line_pass: bool | None = Field(
        None,
        description="Every long enough line of the answer in the target language; None: no target or no such line.",
    )
    word_pass: bool | None = Field(None, description="No English word in a line of another script; None: not judged.")


class PassRates(Contract):
    """Language confusion over several outputs (Marchisio et al. 2024): shares of 0 to 1, None without a denominator."""

    outputs: int
    judged: int = Field(description="Outputs with at least one line long enough to judge.")
    line_pass_rate: float | None
    word_pass_rate: float | None
    language_rate: float | None = Field(description="Share of determined outputs in the target language.")
    undetermined: int = Field(description="Outputs of which it cannot be told whether they are in the target language.")
