"""The figures of the logit lens: language shares, target mass and entropy by level, and the path through the map."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, Field

from app.contracts import lens as contract
from app.contracts.lens import Condition, LensResult, LensSpec
from app.experiments.kind import Shown
from app.figures.figure import Cell, Figure, Table
from app.figures.lines import LineAxes, Series, line_panel
from app.figures.style import Label, labels
from app.figures.ways import Way, way_panels
from app.text.languages import language
from app.text.plural import counted

WORDS: dict[Condition, str] = {"normal": "normal", "set": "set zeroed"}
MOST = {0: None, 1: 1.0}  # ends of the two measures: entropy has none, a share is at most 1
LOOKS: dict[Condition, str] = {"normal": "lang-0", "set": "type-1"}


class LensState(BaseModel):
    """Which prompt is drawn, counted from 1; 0 is the mean of all."""

    prompt: int = Field(0, ge=0)


class Source:
    """A result with its arrays, for the prompt of the page's state."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self.result = LensResult.model_validate(shown.result)
        self.spec = LensSpec.model_validate(shown.spec)
        self.everyone = labels([language(code) for code in self.result.languages[:-1]])
        wanted = int(shown.state.model_dump()["prompt"])
        count = len(self.spec.prompts)
        self.prompt = 1 if count == 1 else wanted if wanted <= count else 0

    def shares(self, condition: Condition) -> np.ndarray:
        """[prompts, levels, K + 1]."""
        return self._array(contract.SHARES.format(condition=condition))

    def entropy(self, condition: Condition) -> np.ndarray:
        """[prompts, levels]."""
        return self._array(contract.ENTROPY.format(condition=condition))

    def path(self, condition: Condition) -> np.ndarray | None:
        """[prompts, levels, 2]; None without a map."""
        return None if self.result.mapped is None else self._array(contract.PATH.format(condition=condition))

    def centroids(self) -> np.ndarray:
        """[levels, K, 2]."""
        return self._array(contract.CENTROIDS)

    def bands(self, condition: Condition, row: int) -> tuple[list[float], list[float]] | tuple[None, None]:
        """Low and high over prompts of entropy (0) or target mass (1); nothing for a single prompt."""
        if self.prompt:
            return None, None
        _, low, high = self._array(contract.BANDS.format(condition=condition))[row]
        return np.clip(low, 0.0, MOST[row]).tolist(), np.clip(high, 0.0, MOST[row]).tolist()

    def of_prompt(self, values: np.ndarray) -> np.ndarray:
        """The chosen prompt's, or the mean of all."""
        found: np.ndarray = values[self.prompt - 1] if self.prompt else values.mean(axis=0)
        return found

    @property
    def whose(self) -> str:
        """Whose numbers they are, for captions."""
        count = len(self.spec.prompts)
        return f"Prompt {self.prompt} of {count}" if self.prompt else f"Mean of {counted(count, 'prompt')}"

    def _array(self, name: str) -> np.ndarray:
        return self.shown.desk.cache.cached(self.shown.desk.session, self.shown.experiment.id, name)


def figures(shown: Shown) -> Sequence[Figure]:
    """Every figure of the answer."""
    source = Source(shown)
    found = [_shares(source)]
    if source.result.target is not None:
        found.append(_target(source))
    found.append(_entropy(source))
    if source.result.mapped is not None:
        found.append(_path(source))
    return found


def _shares(source: Source) -> Figure:
    """A panel a condition, a line a language."""
    none = Label("none", "no language", "Latn", 3, "lang-other")
    drawn = {one: source.of_prompt(source.shares(one)) for one in source.result.conditions}
    panels = tuple(
        line_panel(
            [Series(label, drawn[one][:, row].tolist()) for row, label in enumerate((*source.everyone, none))],
            LineAxes(WORDS[one], limits=(0.0, 1.0), right=46.0, width=380, height=225),
        )
        for one in drawn
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (level, WORDS[one], *map(float, values)) for one, shares in drawn.items() for level, values in enumerate(shares)
    )
    caption = (
        f"{source.whose}. Share of the next-token mass by language when the last token's state at a level is put "
        "through the final norm and the unembedding. A token counts for the languages in whose sentences the run "
        "read it; none: tokens it never read."
    )
    columns = ("level", "condition", *source.result.languages)
    return Figure("shares", "Languages by level", caption, panels, 2, Table(columns, rows), len(source.everyone))


def _target(source: Source) -> Figure:
    place = source.result.languages.index(str(source.result.target))
    values = {one: source.of_prompt(source.shares(one)[:, :, place]) for one in source.result.conditions}
    name = language(str(source.result.target)).name
    return _lines(source, "target", f"Mass of {name} by level", values, 1, "Share of the next-token mass")


def _entropy(source: Source) -> Figure:
    values = {one: source.of_prompt(source.entropy(one)) for one in source.result.conditions}
    return _lines(source, "entropy", "Entropy by level", values, 0, "Entropy of the next token in nats")


def _lines(
    source: Source, name: str, title: str, values: dict[Condition, np.ndarray], row: int, meaning: str
) -> Figure:
    """A line a condition, with the 95 % interval of the mean where all prompts are drawn."""
    series, rows = [], []
    banded = not source.prompt
    for order, (one, line) in enumerate(values.items()):
        low, high = source.bands(one, row)
        label = Label("zeroed" if one == "set" else "normal", WORDS[one], "Latn", order, LOOKS[one])
        series.append(Series(label, line.tolist(), low, high))
        for level, value in enumerate(line.tolist()):
            bounds = (None, None) if low is None or high is None else (low[level], high[level])
            rows.append((level, WORDS[one], value, *bounds))
    panel = line_panel(series, LineAxes(meaning, zero=True, right=56.0, width=380, height=225))
    interval = ", with the 95 % interval of the mean" if banded else ""
    caption = f"{source.whose}{interval}. {meaning} at the last token, level by level."
    columns = ("level", "condition", name, "low", "high")
    return Figure(name, title, caption, (panel,), 1, Table(columns, tuple(rows)), len(source.everyone))


def _path(source: Source) -> Figure:
    """The prompt's way over the ways of the languages' centroids."""
    centroids = source.centroids()
    ways = [Way(label, centroids[:, row]) for row, label in enumerate(source.everyone)]
    rows: list[tuple[Cell, ...]] = [
        (label.code, level, *map(float, place)) for label, way in zip(source.everyone, ways, strict=True)
        for level, place in enumerate(way.places)
    ]  # fmt: skip
    for one in source.result.conditions:
        found = source.path(one)
        if found is None:
            continue
        places = source.of_prompt(found)
        label = Label(one, f"prompt, {WORDS[one]}", "Latn", 0, "type-2" if one == "normal" else "type-1")
        ways.append(Way(label, places, front=True, dashed=one == "set"))
        rows += [(f"prompt, {WORDS[one]}", level, *map(float, place)) for level, place in enumerate(places)]
    caption = (
        f"{source.whose}: the hidden state level by level on the run's map ({source.result.mapped}), read where the "
        "run read its sentences and projected by the map's own axes. Numbers are levels. Thin: the centroids of the "
        "languages' clouds. Every level has axes of its own, turned to fit those of the level before."
    )
    panels = way_panels(ways, f"{source.result.mapped}, level by level")
    table = Table(("what", "level", "x", "y"), tuple(rows))
    return Figure("path", "Path through the map", caption, panels, 2, table, len(source.everyone))
