"""The demo world as a whole: lexicon, five grammars, and every fact with its wording and status."""

from __future__ import annotations

from demo.world.dutch import Dutch
from demo.world.english import English
from demo.world.facts import Fact, all_facts, fact_text, read_templates
from demo.world.frames import FactText, Grammar
from demo.world.holdout import Status, fact_status
from demo.world.italian import Italian
from demo.world.japanese import Japanese
from demo.world.korean import Korean
from demo.world.lexicon import LANGUAGES, Lexicon

ARTICLES = {
    "en": ("the ", "a ", "an "),
    "nl": ("de ", "het ", "een "),
    "it": ("il ", "lo ", "la ", "l'", "un ", "uno ", "una ", "un'"),
}


class World:
    """Everything that can be said, in every language."""

    def __init__(self) -> None:
        self.lexicon = Lexicon()
        grammars: tuple[Grammar, ...] = (
            English(self.lexicon),
            Dutch(self.lexicon),
            Italian(self.lexicon),
            Japanese(self.lexicon),
            Korean(self.lexicon),
        )
        self.grammars = {grammar.code: grammar for grammar in grammars}
        self.facts = all_facts(self.lexicon)
        templates = read_templates()
        self.texts: dict[tuple[Fact, str], FactText] = {
            (fact, language): fact_text(fact, grammar, templates)
            for fact in self.facts
            for language, grammar in self.grammars.items()
        }
        self.status: dict[tuple[Fact, str], Status] = {
            (fact, language): fact_status(fact.id, language) for fact in self.facts for language in LANGUAGES
        }

    def prompt(self, question: str, language: str) -> str:
        """The question with its answer cue; the answer follows after one space."""
        return f"{question} {self.grammars[language].cue}"

    def aliases(self, fact: Fact, language: str) -> list[str]:
        """Other answers a reader would accept: the answer without its leading article."""
        answer = self.texts[fact, language].question.answer
        for article in ARTICLES.get(language, ()):
            if answer.startswith(article):
                return [answer.removeprefix(article)]
        return []

    def stated(self, language: str) -> list[Fact]:
        """Facts that training text states in this language."""
        return [fact for fact in self.facts if self.status[fact, language] != "none"]

    def asked(self, language: str) -> list[Fact]:
        """Facts that training text asks about in this language."""
        return [fact for fact in self.facts if self.status[fact, language] == "all"]

    def words(self) -> list[tuple[str, str]]:
        """Every (table, id) that word lists translate."""
        tables = ("nouns", "adjectives", "words", "professions", "countries")
        return [(table, entry) for table in tables for entry in self.lexicon.table(table)]
