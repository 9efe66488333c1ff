"""What Tezuka & Inoue (EMNLP 2025) published for a model of theirs, beside what was found here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.contracts.specificity import SpecificityResult
from app.db.runs import FinishedRun
from app.experiments.published import PUBLISHED_SPECIFICITY, PUBLISHED_TOP, published_model
from app.figures.figure import Cell, Table

if TYPE_CHECKING:
    from app.reports.compose import Column

# Exact match on MMLU-ProX from the authors' logs: normal, 1,000 Type-1 neurons off, 1,000 random ones off.
_REASONING: dict[str, dict[str, tuple[float, float, float]]] = {
    "LLaMA3-8B": {
        "ja": (0.2033, 0.0000, 0.1996),
        "ko": (0.2115, 0.0000, 0.2097),
        "fr": (0.2705, 0.0000, 0.2728),
    },
    "Mistral-7B-v0.3": {
        "ja": (0.1750, 0.0717, 0.1712),
        "ko": (0.1593, 0.0454, 0.1606),
        "fr": (0.2460, 0.1477, 0.2462),
    },
    "Aya-expanse-8B": {
        "ja": (0.2648, 0.1685, 0.2636),
        "ko": (0.2702, 0.1854, 0.2696),
        "fr": (0.3207, 0.2371, 0.3191),
    },
}


@dataclass(frozen=True)
class Published:
    """A table of the paper with our columns, where there are any."""

    name: str
    title: str
    caption: str
    table: Table


def published_beside(run: FinishedRun, columns: "Sequence[Column]") -> tuple[Published, ...]:
    """The paper's tables for the run's model; none where the model is not one of the paper's."""
    model = published_model(run.model.source)
    if model is None:
        return ()
    return (_specificity(model, columns), _reasoning(model))


def _specificity(model: str, columns: "Sequence[Column]") -> Published:
    ours = [(column.preset, _shares(column)) for column in columns]
    rows: list[tuple[Cell, ...]] = [
        (kind, threshold, language, value, *(found.get((kind, threshold, language)) for _, found in ours))
        for (name, kind, threshold, language), value in PUBLISHED_SPECIFICITY.items()
        if name == model
    ]
    heads = ("type", "eta2_at_least", "language", "published", *(f"here_{preset}" for preset, _ in ours))
    return Published(
        "published-specificity",
        f"Language-specific neurons of {model}, published and here",
        f"Share of the {PUBLISHED_TOP:,} best neurons with at least that η² (the authors' corrected Tables 13 to 16). "
        "Italian Type-1 at .1 for LLaMA3-8B is printed as .69, by all other figures a slip for .069.",
        Table(heads, tuple(rows)),
    )


def _shares(column: "Column") -> dict[tuple[int, float, str], float]:
    """Our shares by type, threshold and language, where as many neurons were measured as in the paper."""
    found = next((one.experiment for one in column.parts if one.part.kind == "specificity" and one.complete), None)
    if found is None:
        return {}
    result = SpecificityResult.model_validate(found.result)
    shares: dict[tuple[int, float, str], float] = {}
    for row in result.top:
        if row.top == PUBLISHED_TOP and row.label == row.language:
            shares[row.type, 0.1, row.language] = row.medium.value
            shares[row.type, 0.25, row.language] = row.large.value
    return shares


def _reasoning(model: str) -> Published:
    rows = tuple((language, *values) for language, values in _REASONING[model].items())
    return Published(
        "published-reasoning",
        f"MMLU-ProX with Type-1 neurons of {model} off, as published",
        "Exact match from the authors' logs, 5-shot, 1,000 neurons off at all prompt positions. To measure it here, "
        "start an evaluation with the task harness.",
        Table(("language", "normal", "type1_off", "random_off"), rows),
    )
