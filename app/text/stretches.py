"""A text cut into stretches of one script, and stretches of a shared script cut where the language changes."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from app.text.identify import languages_of, rank, word_scores
from app.text.scripts import script_of

HAN_AND_KANA = frozenset({"Hani", "Hira", "Kana", "Bopo"})
KANA_SHARE = 0.08  # of the letters of Japanese; a Chinese line that quotes one の has less
WINDOW, STRIDE = 8, 4  # words; 8 are told right in 97 of 100 lines
SWITCH_COST = 12.0  # nats that a change of language must win back

_WORD = regex.compile(r"[\p{L}\p{M}\p{Join_Control}]+(?:['’\-][\p{L}\p{M}\p{Join_Control}]+)*")
# What is no sentence in any language: fenced and inline code, addresses, tags.
_NO_LANGUAGE = regex.compile(
    r"```.*?(?:```|\Z)|`[^`\n]+`|\b(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+\.[\w.]+|</?\w[^<>\n]*>|<\|[^|<>\n]*\|>",
    regex.S,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters `start` to `end`, all words in one script; Jpan is Han with kana, Hani without."""

    start: int
    end: int
    script: str
    words: tuple[tuple[int, int], ...]


def without_code(text: str) -> str:
    """Return the text with code and addresses blanked out, every other character at its place."""
    return _NO_LANGUAGE.sub(lambda match: regex.sub(r"[^\n]", " ", match[0]), text)


def stretches(text: str, start: int = 0, end: int | None = None) -> list[Stretch]:
    """Cut a line into stretches of one script; what is no word, between them, belongs to none."""
    found: list[Stretch] = []
    for word in _pieces(text, start, len(text) if end is None else end):
        if found and found[-1].script == word.script:
            found[-1] = Stretch(found[-1].start, word.end, word.script, found[-1].words + word.words)
        else:
            found.append(word)
    return found


def _pieces(text: str, start: int, end: int) -> Iterator[Stretch]:
    words = [piece for match in _WORD.finditer(text, start, end) for piece in _by_script(text, *match.span())]
    letters = [script_of(text[at]) for first, last, code in words if code == "Hani" for at in range(first, last)]
    kana = sum(code in {"Hira", "Kana"} for code in letters)
    han = "Jpan" if kana > KANA_SHARE * len(letters) else "Hani"
    for first, last, code in words:
        yield Stretch(first, last, han if code == "Hani" else code, ((first, last),))


def _by_script(text: str, start: int, end: int) -> list[tuple[int, int, str]]:
    """Cut one run of letters where its script changes; marks and letters of several scripts go with what is before."""
    parts: list[tuple[int, int, str]] = []
    for at in range(start, end):
        code = script_of(text[at])
        code = "Hani" if code in HAN_AND_KANA else code
        if parts and code in {None, parts[-1][2]}:
            parts[-1] = (parts[-1][0], at + 1, parts[-1][2])
        elif code is not None:
            parts.append((at if parts else start, at + 1, code))
    return parts


def by_language(text: str, stretch: Stretch, hints: Collection[str] = ()) -> list[Stretch]:
    """Cut a stretch where its language changes: the likeliest path over its words with a price a change.

    Only languages that win a window of eight words are considered; if one wins them all the stretch stays whole.
    """
    words = stretch.words
    if len(languages_of(stretch.script)) < 2 or len(words) < WINDOW:
        return [stretch]
    firsts = range(0, len(words) - WINDOW + STRIDE, STRIDE)
    windows = [text[words[at][0] : words[min(at + WINDOW, len(words)) - 1][1]] for at in firsts]
    winners = sorted({rank(window, stretch.script, hints)[0][0] for window in windows})
    if len(winners) == 1:
        return [stretch]
    path = _best_path([word_scores(text[first:last], stretch.script) for first, last in words], winners)
    cuts = [0, *(at for at in range(1, len(path)) if path[at] != path[at - 1]), len(path)]
    return [
        Stretch(words[first][0], words[last - 1][1], stretch.script, words[first:last])
        for first, last in pairwise(cuts)
    ]


def _best_path(scores: Sequence[dict[str, float]], languages: Sequence[str]) -> list[str]:
    """Viterbi: the sequence of languages with the highest summed score less SWITCH_COST a change."""
    best = {code: scores[0].get(code, -math.inf) for code in languages}
    came: list[dict[str, str]] = []
    for score in scores[1:]:
        top = max(best, key=lambda code: best[code])
        step = {code: code if best[code] >= best[top] - SWITCH_COST else top for code in languages}
        best = {code: max(best[code], best[top] - SWITCH_COST) + score.get(code, -math.inf) for code in languages}
        came.append(step)
    path = [max(best, key=lambda code: best[code])]
    for step in reversed(came):
        path.append(step[path[-1]])
    return path[::-1]
