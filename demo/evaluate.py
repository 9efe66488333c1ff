"""Measures the demo model and writes `demo/measurements.json`: `python -m demo.evaluate`."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import torch

from demo.measuring.geometry import describe
from demo.measuring.reading import Reading, Subject
from demo.measuring.transfer import Neurons, detect, matched, summary
from demo.measuring.wording import Wording
from demo.training.quality import right
from demo.training.stream import Encoder
from demo.world.lexicon import LANGUAGES
from demo.world.polyglot import World

HERE = Path(__file__).parent
OTHERS = LANGUAGES[1:]
MIDDLE, LATE = [4, 5, 6, 7], [6, 7, 8, 9]
DETECTION, TESTING = slice(0, 400), slice(400, 700)
PROMPTS = slice(700, 800)
ABLATED_PROMPTS = slice(700, 740)


def corpus() -> dict[str, list[str]]:
    """The held-out sentences by language, line for line."""
    return {
        language: (HERE / "corpus" / f"{language}.txt").read_text(encoding="utf-8").splitlines()
        for language in LANGUAGES
    }


def answers(subject: Subject, world: World) -> dict[str, Any]:
    """Exact match by language and status, and by kind of fact for questions that were asked in training."""
    encoder = Encoder(subject.tokenizer)
    by_status: dict[str, list[bool]] = {}
    by_kind: dict[str, list[bool]] = {}
    for language in LANGUAGES:
        questions = [world.texts[fact, language].question for fact in world.facts]
        prompts = [world.prompt(question.text, language) for question in questions]
        hits = right(subject.scores, encoder, prompts, [question.answer for question in questions])
        for fact, hit in zip(world.facts, hits, strict=True):
            status = world.status[fact, language]
            by_status.setdefault(f"{language} {status}", []).append(hit)
            by_kind.setdefault(f"{status} {fact.kind}", []).append(hit)

    def table(hits: dict[str, list[bool]]) -> dict[str, Any]:
        return {key: {"share": round(sum(row) / len(row), 3), "count": len(row)} for key, row in sorted(hits.items())}

    return {"by_language_and_status": table(by_status), "by_status_and_kind": table(by_kind)}


def geometry(subject: Subject, lines: dict[str, list[str]]) -> dict[str, list[dict[str, float]]]:
    """Every level's measures, from last-token and from mean hidden states."""
    readings = {language: subject.read(texts[TESTING]) for language, texts in lines.items()}
    levels = range(len(subject.layers) + 1)
    return {
        "mean": [
            describe({language: reading.mean[level] for language, reading in readings.items()}) for level in levels
        ],
        "last": [
            describe({language: reading.last[level] for language, reading in readings.items()}) for level in levels
        ],
    }


def middle_likeness(english: Reading, other: Reading) -> tuple[float, float]:
    """Mean cosine of parallel sentences over the middle levels: last token, mean over tokens."""
    pairs = [(english.last, other.last), (english.mean, other.mean)]
    last, mean = (
        float(torch.stack([torch.cosine_similarity(one[level], two[level]).mean() for level in MIDDLE]).mean())
        for one, two in pairs
    )
    return last, mean


def entering(
    subject: Subject, lines: dict[str, list[str]], found: dict[str, Neurons], draws: int
) -> dict[str, dict[str, Any]]:
    """Likeness to intact English in the middle when a language loses its Type-1 neurons."""
    english = subject.read(lines["en"][TESTING])

    def likeness(language: str, neurons: Neurons) -> tuple[float, float]:
        with subject.without(neurons):
            return middle_likeness(english, subject.read(lines[language][TESTING]))

    report: dict[str, dict[str, Any]] = {}
    for language, chosen in found.items():
        intact, ablated = likeness(language, []), likeness(language, chosen)
        controls = [likeness(language, matched(subject, chosen, f"{language} {draw}")) for draw in range(draws)]
        report[language] = {"layers": layers_of(chosen)}
        for index, pooling in enumerate(("last", "mean")):
            row = {"intact": round(intact[index], 3)}
            report[language][pooling] = row | summary(ablated[index], [control[index] for control in controls])
    return report


def leaving(
    subject: Subject, lines: dict[str, list[str]], found: dict[str, Neurons], wording: Wording, draws: int
) -> dict[str, dict[str, Any]]:
    """Share of a language in what the model writes after one sentence of it, without its Type-2 neurons."""

    def share(language: str, neurons: Neurons) -> tuple[float, Counter[str]]:
        with subject.without(neurons):
            texts = subject.continuations(lines[language][ABLATED_PROMPTS], 16)
        shares = [wording.shares(text) for text in texts]
        labels = Counter(wording.label(text) or "none" for text in texts)
        return sum(row.get(language, 0.0) for row in shares) / len(shares), labels

    report: dict[str, dict[str, Any]] = {}
    for language, chosen in found.items():
        ablated, labels = share(language, chosen)
        controls = [share(language, matched(subject, chosen, f"{language} {draw}"))[0] for draw in range(draws)]
        row = {"layers": layers_of(chosen), "intact": round(share(language, [])[0], 3)}
        report[language] = row | summary(ablated, controls) | {"written_in": dict(labels.most_common())}
    return report


def entrance(readings: dict[str, Reading]) -> list[int]:
    """Layers that write before or into the level where translations stand out most from other sentences."""
    levels = range(len(readings["en"].mean))
    gaps = [describe({lang: read.mean[level] for lang, read in readings.items()})["gap"] for level in levels]
    return list(range(max(levels, key=lambda level: gaps[level])))


def layers_of(neurons: Neurons) -> dict[str, int]:
    """How many of the neurons each layer holds."""
    return {str(layer): count for layer, count in sorted(Counter(layer for layer, _ in neurons).items())}


def steadiness(subject: Subject, lines: dict[str, list[str]], wording: Wording) -> dict[str, Any]:
    """Share of continuations that stay in the prompt's language, and a few of them to read."""
    report: dict[str, Any] = {}
    for language in LANGUAGES:
        prompts = lines[language][PROMPTS]
        greedy = subject.continuations(prompts, 24)
        sampled = subject.continuations(prompts, 24, temperature=0.7, seed=1)
        report[language] = {
            "greedy": round(sum(wording.label(text) == language for text in greedy) / len(prompts), 3),
            "sampled": round(sum(wording.label(text) == language for text in sampled) / len(prompts), 3),
            "examples": [
                {"prompt": prompt, "greedy": one, "sampled": two}
                for prompt, one, two in list(zip(prompts, greedy, sampled, strict=True))[:20]
            ],
        }
    return report


def measure(folder: Path, top: tuple[int, int], draws: int, parts: list[str]) -> dict[str, Any]:
    """Every table asked for; `top`: how many neurons of Type-1 and of Type-2 are switched off."""
    subject, world, lines = Subject(folder), World(), corpus()
    report: dict[str, Any] = {"top": list(top), "random_draws": draws}
    if "answers" in parts:
        report["answers"] = answers(subject, world)
    if "geometry" in parts:
        report["geometry"] = geometry(subject, lines)
    wording = Wording(world)
    if "steadiness" in parts:
        report["steadiness"] = steadiness(subject, lines, wording)
    if {"type1", "type2"} & set(parts):
        readings = {language: subject.read(texts[DETECTION]) for language, texts in lines.items()}
        first, second = (
            {lang: detect(subject, readings[lang], readings["en"], kind, layers, top[kind - 1]) for lang in OTHERS}
            for kind, layers in ((1, entrance(readings)), (2, LATE))
        )
        if "type1" in parts:
            report["type1"] = entering(subject, lines, first, draws)
        if "type2" in parts:
            report["type2"] = leaving(subject, lines, second, wording, draws)
    return report


def main() -> None:
    """Measure and write."""
    parts = ["answers", "geometry", "steadiness", "type1", "type2"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=HERE / "model")
    parser.add_argument("--out", type=Path, default=HERE / "measurements.json")
    parser.add_argument("--top", type=int, nargs=2, default=(100, 25), help="Type-1 and Type-2 neurons switched off")
    parser.add_argument("--draws", type=int, default=20, help="random sets to compare with")
    parser.add_argument("--parts", nargs="*", default=parts, choices=parts)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    report = measure(options.model, tuple(options.top), options.draws, options.parts)
    options.out.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
