"""The figure of an evaluation: every language (or task) under every condition, with intervals."""

from collections.abc import Sequence

from app.contracts.comparisons import Rate
from app.contracts.evaluations import ERRORS, EVERY_LANGUAGE, GRADED, METRICS, Cell, EvaluateResult
from app.experiments.answers import AnswersState, answers_table, main_metric
from app.experiments.kind import Shown
from app.figures.figure import Figure, Panel, Table
from app.figures.ranges import Condition, Range, range_panel
from app.figures.style import Label, labels
from app.text.languages import language
from app.text.plural import counted, plural

Cells = dict[tuple[str, str], Cell]
LEAST = 10.0  # percent an axis shows: where nothing differs, it should look like nothing
BESIDE = ("any_language", "wrong_language")  # what is drawn beside the main score, where it was measured


def figures(shown: Shown) -> Sequence[Figure]:
    """A panel a metric: the one that is chosen, answers right in any language, answers in another language."""
    result = EvaluateResult.model_validate(shown.result)
    chosen = main_metric(result, shown.state if isinstance(shown.state, AnswersState) else AnswersState())
    drawn = [chosen, *(one for one in BESIDE if one in result.metrics and one != chosen)]
    named = _labels(shown, result)
    cells = {(cell.part, cell.metric): cell for cell in result.cells}
    header, rows = answers_table(shown)
    return [
        Figure(
            "conditions",
            f"{METRICS.get(chosen, chosen)} by condition",
            _caption(shown, result, drawn, cells),
            tuple(_panel(named, result, metric, cells) for metric in drawn),
            2,
            Table(tuple(header), tuple(tuple(row) for row in rows)),
            _palette(shown, named),
        )
    ]


def _labels(shown: Shown, result: EvaluateResult) -> list[Label]:
    """All together, then the parts: languages in the order and colours of the run, tasks by name."""
    parts = [part for part in result.parts if part != EVERY_LANGUAGE]
    if shown.experiment.row.kind != "evaluate":
        return [Label(part, "", "Latn", row, "lang-0") for row, part in enumerate(parts)]
    run = shown.experiment.run
    ours = labels([language(code) for code in run.spec.all_languages]) if run is not None else ()
    known = {label.code: label for label in ours}
    others = labels([language(part) for part in parts if part not in known])
    other = [Label(one.code, one.endonym, one.script, one.index, "lang-other") for one in others]
    found = [known[code] for code in known if code in parts] + other
    whole = [Label("all", "", "Latn", 0, "lang-0")] if EVERY_LANGUAGE in result.parts else []
    return whole + found


def _palette(shown: Shown, named: Sequence[Label]) -> int:
    run = shown.experiment.run
    return len(named) if run is None else len(run.spec.all_languages)


def _panel(named: Sequence[Label], result: EvaluateResult, metric: str, cells: Cells) -> Panel:
    found = [cells.get((_part(label), metric)) for label in named]
    normal, changed, control = (
        [None if cell is None else _range(getattr(cell, name)) for cell in found]
        for name in ("normal", "changed", "control")
    )
    conditions = [Condition("normal", "lang-0", normal)]
    if any(changed):
        conditions.append(Condition("switched off", "type-1", changed))
    if any(control):
        title = f"random neurons, {counted(result.draws, 'draw')}" if result.draws > 1 else "random neurons"
        conditions.append(Condition(title, "type-2", control, hollow=True))
    axis = "mean of F1, %" if metric in GRADED else "% of answers" if metric in METRICS else "mean, %"
    less = " (less is better)" if metric in ERRORS else ""
    return range_panel(named, conditions, METRICS.get(metric, metric), f"{axis}{less}", least=LEAST)


def _part(label: Label) -> str:
    return EVERY_LANGUAGE if label.code == "all" else label.code


def _range(rate: Rate | None) -> Range | None:
    """In percent; without an interval where there is none."""
    if rate is None:
        return None
    low, high = (float("nan") if bound is None else 100 * bound for bound in (rate.low, rate.high))
    return Range(100 * rate.value, low, high)


def _caption(shown: Shown, result: EvaluateResult, drawn: Sequence[str], cells: Cells) -> str:
    parts = [part for part in result.parts if part != EVERY_LANGUAGE]
    whole = EVERY_LANGUAGE if EVERY_LANGUAGE in result.parts else parts[0]
    told = " ".join(f"{METRICS.get(one, one)}: {_told(cells[whole, one])}." for one in drawn if (whole, one) in cells)
    asked = [cells[part, drawn[0]].n for part in parts if (part, drawn[0]) in cells] or [0]
    many = f"{min(asked):,}" + (f" to {max(asked):,}" if max(asked) != min(asked) else "")
    bare = [part for part in parts if (part, drawn[0]) in cells and cells[part, drawn[0]].changed is None]
    return " ".join(
        filter(
            None,
            (
                f"{'All together' if whole == EVERY_LANGUAGE else whole}: {told}",
                f"Lines are 95 % bootstrap intervals over {many} {plural(max(asked), 'question')} a {_unit(shown)}",
                f"and {result.draws} draws of random neurons, layer by layer as many." if result.draws > 1 else ".",
                _switched(shown, result),
                f"Without neurons of its own, and not in the sum: {', '.join(bare)}." if result.words and bare else "",
            ),
        )
    ).replace(" .", ".")


def _unit(shown: Shown) -> str:
    return "language" if shown.experiment.row.kind == "evaluate" else "task"


def _switched(shown: Shown, result: EvaluateResult) -> str:
    """What was switched off: one phrase for all languages, or how many of each language's own."""
    own, phrases = shown.spec.get("top"), list(dict.fromkeys(result.words.values()))
    if own is not None and len(phrases) > 1:
        best = counted(own["count"], f"best Type-{own['type']} neuron")
        return f"Switched off: the {best} of each language."
    return f"Switched off: {phrases[0]}." if phrases else ""


def _told(cell: Cell) -> str:
    words = [f"normal {_percent(cell.normal)}"]
    if cell.changed is not None:
        words.append(f"switched off {_percent(cell.changed)}")
    if cell.control is not None:
        words.append(f"random neurons {_percent(cell.control)}")
    if cell.beyond is not None:
        words.append(f"beyond control {_percent(cell.beyond)}")
    return f"{', '.join(words)} (n = {cell.n:,})"


def _percent(rate: Rate) -> str:
    def said(value: float) -> str:
        return f"{100 * value:.1f}".replace("-", "−").replace("−0.0", "0.0")

    bounds = "" if rate.low is None or rate.high is None else f" [{said(rate.low)}, {said(rate.high)}]"
    return f"{said(rate.value)} %{bounds}"
