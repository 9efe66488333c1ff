"""The language of an output: of the whole, each line and each stretch, where it switches, and whether it passes."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import regex

from app.contracts.verdicts import LineVerdict, PassRates, SpanVerdict, Switch, TextVerdict, Verdict
from app.text.english import has_english_word
from app.text.identify import base, hinted, languages_of, rank, same_language
from app.text.languages import language
from app.text.plural import counted
from app.text.scripts import expected_scripts, wrong_script
from app.text.stretches import Stretch, by_language, stretches, without_code

LONGEST = 100_000  # characters that are judged; a megabyte would take half a minute
NEEDED = 10  # letters where a script has several languages
ENOUGH = 20  # with fewer letters the winner must be SURE, as the probabilities of short texts are the least certain
SURE = 0.7  # of lines of 5 words with a likelier winner 99.6 of 100 are told right
NEEDED_HAN = 6  # of 200 Chinese lines of 6 to 15 characters one is told wrong
NEEDED_OWN = 2  # where only one language has the script
CONFIDENT = 0.5  # of lines with a likelier winner 99 of 100 are told right, below it 3 of 4
TELLING_SCRIPT = 4  # letters in a script that the target never uses: enough to say that it is not the target
WEIGHT = {"Jpan": 3, "Hani": 3, "Hang": 2}  # what a character says, in letters of an alphabet (PUD)

_THINK = regex.compile(r"<(think|thinking|reasoning)>(.*?)(?:</\1>|\Z)", regex.S | regex.I)
_THINK_END = regex.compile(r"</(?:think|thinking|reasoning)>", regex.I)  # the template may have opened it in the prompt
_LINE = regex.compile(r"[^\n\r\u2028\u2029]+")


def judge(
    text: str, *, target: str | None = None, pieces: Sequence[str] = (), hints: Sequence[str] = ()
) -> TextVerdict:
    """Say which language an output is in, and whether that is the target.

    `pieces` are what the tokens show, joined the text: with them a switch names its token. `hints` are languages that
    are likelier beforehand, such as those of a run: give all that an output may be in, or the verdict leans to one.
    Only the first 100,000 characters are judged. Raises BadInput for a target that is no language.
    """
    wanted = base(target) if target else None
    known = hinted(hints)
    thoughts = _thoughts(text[:LONGEST])
    judged = without_code(text[:LONGEST])
    answer = _blanked(judged, thoughts)
    lines = tuple(_line(judged, match.start(), match.end(), known) for match in _LINE.finditer(judged))
    spans = tuple(_spans(judged, known))
    whole = _verdict(judged, _stretches(judged), known)
    about = _verdict(answer, _stretches(answer), known) if thoughts else whole
    in_answer = [line for line in lines if not _within(line.start, line.end, thoughts)]
    passed = _line_pass(answer, in_answer, wanted)
    return TextVerdict(
        whole=whole,
        lines=lines,
        spans=spans,
        switch=_switch([span for span in spans if not _within(span.start, span.end, thoughts)], wanted, text, pieces),
        thinking=_thinking(judged, thoughts, known) if thoughts else None,
        answer=about if thoughts else None,
        in_target=_in_target(answer, about, wanted),
        line_pass=passed,
        word_pass=_word_pass(answer, in_answer, wanted) if passed else None,
    )


def pass_rates(verdicts: Sequence[TextVerdict], target: str) -> PassRates:
    """Sum up the verdicts of outputs that should be in `target`: line and word pass rate, share in the language.

    The verdicts must have been made for that target. The word pass rate is of outputs that pass by line, as in the
    Language Confusion Benchmark, and None for a target in Latin letters. Raises BadInput for a target that is none.
    """
    base(target)
    lines = [verdict.line_pass for verdict in verdicts if verdict.line_pass is not None]
    words = [verdict.word_pass for verdict in verdicts if verdict.word_pass is not None]
    told = [verdict.in_target for verdict in verdicts if verdict.in_target is not None]
    return PassRates(
        outputs=len(verdicts),
        judged=len(lines),
        line_pass_rate=_share(lines),
        word_pass_rate=_share(words),
        language_rate=_share(told),
        undetermined=len(verdicts) - len(told),
    )


def _share(marks: Sequence[bool]) -> float | None:
    return sum(marks) / len(marks) if marks else None


# --- one piece of text -----------------------------------------------------------------------------------------------
def _stretches(text: str) -> list[Stretch]:
    return [stretch for match in _LINE.finditer(text) for stretch in stretches(text, match.start(), match.end())]


def _letters(stretch: Stretch) -> int:
    return sum(last - first for first, last in stretch.words)  # vowel signs count: in Hindi they are a third


def _verdict(text: str, parts: Sequence[Stretch], hints: Collection[str]) -> Verdict:
    """Judge the words in the script that says most; words in other scripts, such as names, are left out."""
    weights: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for part in parts:
        letters[part.script] += _letters(part)
    for script, number in letters.items():
        weights[script] = number * WEIGHT.get(script, 1)
    if not weights:
        return Verdict(language=None, reason="No letters.")
    script = max(weights, key=lambda code: weights[code])
    own = [part for part in parts if part.script == script]
    return _decide(" ".join(text[part.start : part.end] for part in own), own, script, letters[script], hints)


def _decide(text: str, parts: Sequence[Stretch], script: str, letters: int, hints: Collection[str]) -> Verdict:
    candidates = languages_of(script)
    if not candidates:
        return Verdict(language=None, script=script, reason=f"No language known in the script {script}.")
    needed = NEEDED_OWN if len(candidates) == 1 else NEEDED_HAN if script == "Hani" else NEEDED
    if letters < needed:
        words = sum(len(part.words) for part in parts)
        said = f"{counted(words, 'word')}, " if script not in {"Hani", "Jpan"} else ""
        return Verdict(language=None, script=script, reason=f"{said}{counted(letters, 'letter')}; needs {needed}.")
    ranking = rank(text, script, hints)
    first, confidence = ranking[0]
    if len(candidates) == 1:
        return Verdict(language=first, confidence=1.0, script=script, reason="script")
    confidence = min(confidence, 1.0)
    near = " or ".join(f"{language(code).name} ({share:.0%})" for code, share in ranking[:2])
    if letters < ENOUGH and script != "Hani" and confidence < SURE:
        return Verdict(language=None, script=script, reason=f"{near}; {letters} letters, needs {ENOUGH} to be surer.")
    if confidence < CONFIDENT:
        return Verdict(language=None, confidence=confidence, script=script, reason=f"Too close: {near}.")
    return Verdict(language=first, confidence=confidence, script=script, reason="words")


def _line(text: str, start: int, end: int, hints: Collection[str]) -> LineVerdict:
    verdict = _verdict(text, stretches(text, start, end), hints)
    return LineVerdict(**verdict.model_dump(), start=start, end=end)


def _spans(text: str, hints: Collection[str]) -> Iterator[SpanVerdict]:
    """Yield stretches of one script and language; neighbours of equal verdict, on lines that follow, are one."""
    waiting: list[Stretch] = []
    verdict: Verdict | None = None
    for line in _stretches(text):
        for part in by_language(text, line, hints):
            one = _verdict(text, [part], hints)
            if waiting and verdict is not None and _alike(one, verdict):
                waiting.append(part)
                continue
            if waiting:
                yield _span(text, waiting, hints)
            waiting, verdict = [part], one
    if waiting:
        yield _span(text, waiting, hints)


def _alike(one: Verdict, other: Verdict) -> bool:
    return (one.script, one.language) == (other.script, other.language)


def _span(text: str, parts: Sequence[Stretch], hints: Collection[str]) -> SpanVerdict:
    return SpanVerdict(**_verdict(text, parts, hints).model_dump(), start=parts[0].start, end=parts[-1].end)


# --- thoughts apart from the answer ----------------------------------------------------------------------------------
def _thoughts(text: str) -> list[tuple[int, int]]:
    """Return where the thoughts stand, marks included; a closing mark alone ends thoughts that the prompt opened."""
    found = [match.span() for match in _THINK.finditer(text)]
    closing = _THINK_END.search(text)
    if closing is not None and (not found or closing.start() < found[0][0]):
        found.insert(0, (0, closing.end()))
    return found


def _blanked(text: str, ranges: Sequence[tuple[int, int]]) -> str:
    for start, end in ranges:
        text = text[:start] + regex.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text


def _thinking(text: str, thoughts: Sequence[tuple[int, int]], hints: Collection[str]) -> Verdict:
    within = _blanked(text, _between(thoughts, len(text)))
    return _verdict(within, _stretches(within), hints)


def _between(ranges: Sequence[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    edges = [0, *(edge for one in ranges for edge in one), length]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _within(start: int, end: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(first <= start and end <= last for first, last in ranges)


# --- against a target ------------------------------------------------------------------------------------------------
def _in_target(text: str, verdict: Verdict, wanted: str | None) -> bool | None:
    if wanted is None:
        return None
    if verdict.language is not None:
        return same_language(verdict.language, wanted)
    return False if _elsewhere(text, wanted) else None


def _elsewhere(text: str, wanted: str) -> bool:
    """Whether a text too short to tell its language is in a script that cannot be the target's."""
    return wrong_script(text, wanted) and sum(character.isalpha() for character in text) >= TELLING_SCRIPT


def _line_pass(text: str, lines: Sequence[LineVerdict], wanted: str | None) -> bool | None:
    if wanted is None:
        return None
    marks = [
        _in_target(text[line.start : line.end], line, wanted) for line in lines if _long_enough(text, line, wanted)
    ]
    return all(marks) if marks else None  # too close to call is no pass


def _long_enough(text: str, line: LineVerdict, wanted: str) -> bool:
    """A line whose language is told, is too close between two, or is in another script."""
    return line.language is not None or line.confidence > 0 or _elsewhere(text[line.start : line.end], wanted)


def _word_pass(text: str, lines: Sequence[LineVerdict], wanted: str | None) -> bool | None:
    if wanted is None or "Latn" in expected_scripts(wanted):
        return None
    return not any(has_english_word(text[line.start : line.end]) for line in lines)


def _switch(spans: Sequence[SpanVerdict], wanted: str | None, text: str, pieces: Sequence[str]) -> Switch | None:
    """Find the first stretch in another language than the target, without a target than the first stretch."""
    told = [(span, span.language) for span in spans if span.language is not None]
    if not told:
        return None
    kept = wanted or told[0][1]
    for span, code in told:
        if not same_language(code, kept):
            return Switch(character=span.start, token=_token_at(span.start, text, pieces), language=code)
    return None


def _token_at(character: int, text: str, pieces: Sequence[str]) -> int | None:
    """Return the token that holds a character of the text; the pieces may begin with space that the text lacks."""
    offset = "".join(pieces).find(text) if pieces else -1
    if offset < 0:
        return None
    end = 0
    for index, piece in enumerate(pieces):
        end += len(piece)
        if character + offset < end:
            return index
    return None
