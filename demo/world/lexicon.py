"""Reads the word tables of the demo world: one entry a meaning, one form a language."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

LANGUAGES = ("en", "nl", "it", "ja", "ko")
TABLES = Path(__file__).parent / "data"
LATIN = ("en", "nl", "it")


@dataclass(frozen=True)
class Entry:
    """One meaning: its id, its traits (category, tense, gender ...) and its form in every language."""

    id: str
    traits: tuple[str, ...]
    forms: dict[str, str]

    def has(self, trait: str) -> bool:
        """Whether the entry carries this trait."""
        return trait in self.traits

    def words(self, language: str) -> list[str]:
        """The space-separated parts of the form; an underscore stands for a space inside one part."""
        return [part.replace("_", " ") for part in self.forms[language].split(" ")]


Table = dict[str, Entry]
TRAIT_COLUMNS = ("traits", "objects", "tense", "gender", "continent", "kind")


def read_table(name: str) -> Table:
    """Read `data/<name>.tsv`; a `name` column serves every language written in Latin letters."""
    table: Table = {}
    with (TABLES / f"{name}.tsv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            traits = next((row[column] for column in TRAIT_COLUMNS if column in row), "")
            forms = dict.fromkeys(LATIN, row["name"]) if "name" in row else {}
            forms |= {language: row[language] for language in LANGUAGES if language in row}
            table[row["id"]] = Entry(row["id"], tuple(traits.split()), forms)
    return table


class Lexicon:
    """Every word table of the demo world, read once when first used."""

    @cached_property
    def nouns(self) -> Table:
        """Animals, food, things and the parts of nature that colours are asked of."""
        return read_table("nouns")

    @cached_property
    def adjectives(self) -> Table:
        """Nine colours and seven qualities."""
        return read_table("adjectives")

    @cached_property
    def verbs(self) -> Table:
        """Verbs; the traits say what a verb takes as its object (`-` for none)."""
        return read_table("verbs")

    @cached_property
    def places(self) -> Table:
        """Places, with the forms for being there and going there."""
        return read_table("places")

    @cached_property
    def times(self) -> Table:
        """Time adverbs; the trait is the tense they ask for."""
        return read_table("times")

    @cached_property
    def people(self) -> Table:
        """People; the trait is the grammatical gender."""
        return read_table("people")

    @cached_property
    def professions(self) -> Table:
        """Professions; Italian has a masculine and a feminine form."""
        return read_table("professions")

    @cached_property
    def countries(self) -> Table:
        """Countries and their capitals; the trait is the continent."""
        return read_table("countries")

    @cached_property
    def words(self) -> Table:
        """Continents, categories, numbers, days, months and opposites, told apart by their trait."""
        return read_table("words")

    @cached_property
    def colour_of(self) -> dict[str, str]:
        """The colour (adjective id) everyone agrees a noun (noun id) has."""
        with (TABLES / "colour_of.tsv").open(encoding="utf-8", newline="") as handle:
            return {row["noun"]: row["colour"] for row in csv.DictReader(handle, delimiter="\t")}

    def table(self, name: str) -> Table:
        """A word table by its name."""
        return {
            "nouns": self.nouns,
            "adjectives": self.adjectives,
            "people": self.people,
            "professions": self.professions,
            "countries": self.countries,
            "words": self.words,
        }[name]

    def capital(self, country: str, language: str) -> str:
        """The capital of a country."""
        return self.countries[country].words(language)[-1]

    def of_kind(self, kind: str) -> list[str]:
        """Ids in table order of the words (`words.tsv`) of one kind."""
        return [entry.id for entry in self.words.values() if entry.has(kind)]
