"""Every fact of the demo world, and its wording in each language from the templates in `data/facts.tsv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import combinations

from demo.world.frames import FactText, Grammar, Question
from demo.world.holdout import chance
from demo.world.lexicon import TABLES, Lexicon

SIZES = ("elephant", "horse", "lion", "sheep", "dog", "cat", "rabbit", "mouse", "bee", "ant")
FOODS = ("bread", "cheese", "rice", "soup", "chocolate", "pasta", "honey", "salad")
CATEGORIES = ("animal", "fruit", "vegetable", "vehicle", "clothes", "drink")
SLOTS: dict[str, tuple[tuple[str, str], ...]] = {
    "capital": (("country", "countries"),),
    "continent": (("country", "countries"), ("continent", "words")),
    "city": (("person", "people"), ("country", "countries")),
    "job": (("person", "people"), ("profession", "professions")),
    "pet": (("person", "people"), ("pet", "nouns")),
    "food": (("person", "people"), ("food", "nouns")),
    "category": (("noun", "nouns"), ("category", "words")),
    "opposite": (("first", "words"), ("second", "words")),
    "sum": (("first", "words"), ("second", "words"), ("total", "words")),
    "bigger": (("big", "nouns"), ("small", "nouns"), ("first", "nouns"), ("second", "nouns")),
    "colour": (("noun", "nouns"), ("colour", "adjectives")),
    "month": (("first", "words"), ("second", "words")),
    "day": (("first", "words"), ("second", "words")),
}


@dataclass(frozen=True)
class Fact:
    """Something true in the demo world: a kind and the ids it is about."""

    kind: str
    arguments: tuple[str, ...]

    @property
    def id(self) -> str:
        """`kind:first:second`, the same in every language."""
        return ":".join((self.kind, *self.arguments))


def pick(key: str, options: tuple[str, ...]) -> str:
    """One option chosen by a stable hash of the key."""
    return options[int(chance(key) * len(options))]


def all_facts(lexicon: Lexicon) -> list[Fact]:
    """The 330 facts, in a fixed order."""
    facts: list[Fact] = []
    for country in lexicon.countries.values():
        facts.append(Fact("capital", (country.id,)))
        facts.append(Fact("continent", (country.id, country.traits[0])))
    pets = tuple(noun.id for noun in lexicon.nouns.values() if noun.has("pet"))
    for person in lexicon.people:
        facts.append(Fact("city", (person, pick(f"city {person}", tuple(lexicon.countries)))))
        facts.append(Fact("job", (person, pick(f"job {person}", tuple(lexicon.professions)))))
        facts.append(Fact("pet", (person, pick(f"pet {person}", pets))))
        facts.append(Fact("food", (person, pick(f"food {person}", FOODS))))
    for noun in lexicon.nouns.values():
        facts += [Fact("category", (noun.id, kind)) for kind in CATEGORIES if noun.has(kind)]
    opposites = lexicon.of_kind("opposite")
    for one, two in zip(opposites[::2], opposites[1::2], strict=True):
        facts += [Fact("opposite", (one, two)), Fact("opposite", (two, one))]
    facts += [Fact("sum", (str(a), str(b), str(a + b))) for a in range(1, 7) for b in range(1, 7)]
    for big, small in combinations(SIZES, 2):
        pair = (big, small) if chance(f"order {big} {small}") < 0.5 else (small, big)
        facts.append(Fact("bigger", (big, small, *pair)))
    facts += [Fact("colour", (noun, colour)) for noun, colour in lexicon.colour_of.items()]
    for kind in ("month", "day"):
        names = lexicon.of_kind(kind)
        facts += [Fact(kind, pair) for pair in zip(names, names[1:] + names[:1], strict=True)]
    return facts


@dataclass(frozen=True)
class Template:
    """Wording of one kind of fact in one language."""

    statements: tuple[str, ...]
    question: str
    answer: str


def read_templates() -> dict[tuple[str, str], Template]:
    """Templates by (kind, language)."""
    with (TABLES / "facts.tsv").open(encoding="utf-8", newline="") as handle:
        return {
            (row["kind"], row["language"]): Template(
                tuple(row["statements"].split("|")), row["question"], row["answer"]
            )
            for row in csv.DictReader(handle, delimiter="\t")
        }


def fact_text(fact: Fact, grammar: Grammar, templates: dict[tuple[str, str], Template]) -> FactText:
    """The fact in one language: statements, question and answer."""
    slots: dict[str, str] = {}
    for (slot, table), entry in zip(SLOTS[fact.kind], fact.arguments, strict=True):
        for suffix, form in grammar.forms(table, entry).items():
            slots[("capital" + suffix.removeprefix("_capital")) if "capital" in suffix else slot + suffix] = form
    slots |= grammar.agree(fact.kind, fact.arguments)
    template = templates[fact.kind, grammar.code]
    return FactText(
        tuple(grammar.finish(statement.format(**slots), question=False) for statement in template.statements),
        Question(grammar.finish(template.question.format(**slots), question=True), template.answer.format(**slots)),
    )
