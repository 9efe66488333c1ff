"""Puts the measured numbers into the cards of both models and into the docs: `python -m demo.card` rewrites tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.world.lexicon import LANGUAGES

HERE = Path(__file__).parent
START, END = "<!-- tables: written by demo.card -->", "<!-- end of tables -->"


def table(head: list[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def answer_table(report: dict[str, Any]) -> str:
    """Exact match by language and by what training text held of the fact."""
    shares = report["answers"]["by_language_and_status"]

    def cell(language: str, status: str) -> str:
        entry = shares.get(f"{language} {status}")
        return f"{entry['share']:.3f} (n={entry['count']})" if entry else "-"

    rows: list[list[object]] = [
        [lang, *(cell(lang, status) for status in ("all", "noq", "none"))] for lang in LANGUAGES
    ]
    return table(["language", "asked in training", "stated, never asked", "never seen in the language"], rows)


def steadiness_table(report: dict[str, Any]) -> str:
    """Share of continuations that stay in the prompt's language."""
    rows: list[list[object]] = [[lang, row["greedy"], row["sampled"]] for lang, row in report["steadiness"].items()]
    return table(["language", "greedy", "temperature 0.7"], rows)


def geometry_table(report: dict[str, Any], pooling: str) -> str:
    """One row a level."""
    keys = ["language_accuracy", "parallel", "shifted", "gap", "mutual_neighbours", "between_within"]
    rows: list[list[object]] = [
        [level, *(row[key] for key in keys)] for level, row in enumerate(report["geometry"][pooling])
    ]
    head = ["level", "language accuracy", "parallel", "not parallel", "gap", "mutual 5-NN", "between : within"]
    return table(head, rows)


def ablation_row(name: str, row: dict[str, Any], layers: dict[str, int]) -> list[object]:
    """Intact, ablated and control values of one language."""
    held = " ".join(f"{layer}:{count}" for layer, count in layers.items())
    control = f"{row['random_mean']} ± {row['random_deviation']} (lowest {row['random_lowest']})"
    distance = row["distance"] if row["random_deviation"] >= 0.001 else "draws alike"
    return [name, row["intact"], row["chosen"], control, distance, held]


def tables(report: dict[str, Any]) -> str:
    """Every table, with its heading."""
    head = [
        "language",
        "intact",
        "switched off",
        f"{report['random_draws']} random draws",
        "deviations",
        "layer:neurons",
    ]
    last = [ablation_row(lang, row["last"], row["layers"]) for lang, row in report["type1"].items()]
    mean = [ablation_row(lang, row["mean"], row["layers"]) for lang, row in report["type1"].items()]
    second = [ablation_row(lang, row, row["layers"]) for lang, row in report["type2"].items()]
    examples = [
        [lang, example["prompt"], example["greedy"].replace("\n", " ⏎ "), example["sampled"].replace("\n", " ⏎ ")]
        for lang, row in report["steadiness"].items()
        for example in row["examples"][:4]
    ]
    parts = [
        "### Answers: exact match, greedy",
        answer_table(report),
        "### Language of continuations (share in the prompt's language, 100 held-out prompts, 24 tokens)",
        steadiness_table(report),
        "### Geometry, mean over tokens (300 held-out sentences)",
        geometry_table(report, "mean"),
        "### Geometry, last token",
        geometry_table(report, "last"),
        f"### Top {report['top'][0]} Type-1 neurons off: likeness to intact English, levels 4 to 7, mean over tokens",
        table(head, mean),
        "The same, last token:",
        table(head, last),
        f"### Top {report['top'][1]} Type-2 neurons off: share of the language in what follows one sentence",
        table(head, second),
        "### Samples",
        table(["language", "prompt", "greedy", "temperature 0.7"], examples),
    ]
    return "\n\n".join(parts)


def emergent_tables(report: dict[str, Any]) -> str:
    """The tables of the model without auxiliary terms."""
    parts = [
        "### Answers: exact match, greedy",
        answer_table(report),
        "### Language of continuations (share in the prompt's language)",
        steadiness_table(report),
        "### Geometry, mean over tokens (300 held-out sentences)",
        geometry_table(report, "mean"),
        effects(report),
    ]
    return "\n\n".join(parts)


def effects(report: dict[str, Any]) -> str:
    """What switching off transfer neurons does, for the documentation: a row a language and type."""
    draws, (first, second) = report["random_draws"], report["top"]
    entering = [effect_row(lang, row["mean"]) for lang, row in report["type1"].items()]
    leaving = [
        [*effect_row(lang, row), ", ".join(f"{name} {count}" for name, count in row["written_in"].items())]
        for lang, row in report["type2"].items()
    ]
    head = ["language", "intact", "switched off", f"{draws} random draws: mean (lowest to highest)", "draws as low"]
    parts = [
        f"### The {first} best Type-1 neurons off: likeness of translations in the middle levels",
        table(head, entering),
        f"### The {second} best Type-2 neurons off: share of the language in what is written",
        table([*head, "continuations written in"], leaving),
    ]
    return "\n\n".join(parts)


def effect_row(name: str, row: dict[str, Any]) -> list[object]:
    """One language: intact, ablated, and the interval of the random draws."""
    control = f"{row['random_mean']} ({row['random_lowest']} to {row['random_highest']})"
    return [name, row["intact"], row["chosen"], control, row["draws_as_low"]]


def renew(page: Path, tables: str) -> None:
    """Replace what stands between the two marks of a page."""
    before, rest = page.read_text(encoding="utf-8").split(START)
    after = rest.split(END)[1]
    page.write_text(f"{before}{START}\n\n{tables}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Renew the tables of the cards and of the documentation."""
    report, emergent = (
        json.loads((folder / "measurements.json").read_text(encoding="utf-8")) for folder in (HERE, HERE / "emergent")
    )
    renew(HERE / "emergent" / "README.md", emergent_tables(emergent))
    renew(HERE / "README.md", tables(report))
    renew(HERE.parent / "docs" / "demo-model.md", effects(report))


if __name__ == "__main__":
    main()
