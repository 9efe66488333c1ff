"""Parallel text: the same meaning in every language, for training pairs and for the held-out sets."""

from __future__ import annotations

import random

from pydantic import BaseModel

from demo.world.facts import Fact
from demo.world.frames import Frame
from demo.world.lexicon import LANGUAGES
from demo.world.polyglot import World
from demo.world.sampling import Sampler

Row = dict[str, str]


def frame_row(world: World, frame: Frame) -> Row:
    """One frame in every language."""
    return {language: grammar.sentence(frame) for language, grammar in world.grammars.items()}


def unseen_rows(world: World, count: int, seed: int) -> list[Row]:
    """`count` held-out sentences in every language, no line twice in any of them."""
    sampler = Sampler(world.lexicon, random.Random(seed), unseen=True)
    used: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    rows: list[Row] = []
    while len(rows) < count:
        row = frame_row(world, sampler.frame())
        if any(row[language] in used[language] for language in LANGUAGES):
            continue
        for language in LANGUAGES:
            used[language].add(row[language])
        rows.append(row)
    return rows


class Pairing(BaseModel):
    """Which pairs: the share of facts, the share of questions among those, and how often each language is drawn.

    Without weights English comes in 55 % of the pairs and the others equally often.
    """

    facts: float = 0.4
    questions: float = 0.75
    weights: dict[str, float] = {}


class Pairs:
    """Random parallel pairs that training may see: events, facts and questions that no language is denied."""

    def __init__(self, world: World, rng: random.Random, pairing: Pairing = Pairing()) -> None:  # noqa: B008 - frozen
        self.world = world
        self.rng = rng
        self.pairing = pairing
        self.sampler = Sampler(world.lexicon, rng)
        self.common: list[Fact] = [
            fact for fact in world.facts if all(world.status[fact, language] == "all" for language in LANGUAGES)
        ]

    def languages(self) -> tuple[str, str]:
        """Two different languages, English among them in a bit more than half of the draws."""
        weights = self.pairing.weights
        if weights:
            one = self.rng.choices(list(weights), list(weights.values()))[0]
            others = {language: weight for language, weight in weights.items() if language != one}
            return one, self.rng.choices(list(others), list(others.values()))[0]
        if self.rng.random() < 0.55:
            return "en", self.rng.choice(LANGUAGES[1:])
        one, two = self.rng.sample(LANGUAGES[1:], 2)
        return one, two

    def sides(self, count: int) -> list[str]:
        """`count` texts in one language drawn at random, then their translations into another, in the same order."""
        pairs = self.texts(*self.languages(), count)
        return [one for one, _ in pairs] + [two for _, two in pairs]

    def texts(self, one: str, two: str, count: int) -> list[tuple[str, str]]:
        """`count` pairs of different meanings in the two languages."""
        pairs: list[tuple[str, str]] = []
        for fact in self.rng.sample(self.common, int(count * self.pairing.facts)):
            first, second = self.world.texts[fact, one], self.world.texts[fact, two]
            if self.rng.random() < 1 - self.pairing.questions:
                pairs.append((first.statements[0], second.statements[0]))
            else:
                prompts = self.world.prompt(first.question.text, one), self.world.prompt(second.question.text, two)
                pairs.append(prompts)
        while len(pairs) < count:
            frame = self.sampler.frame()
            pairs.append((self.world.grammars[one].sentence(frame), self.world.grammars[two].sentence(frame)))
        return pairs
