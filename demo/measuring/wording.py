"""Tells the five demo languages apart: by script, and between the Latin ones by words only one of them has."""

from __future__ import annotations

import random
import re
from collections import Counter

from demo.world.documents import Writer, plain
from demo.world.lexicon import LATIN
from demo.world.polyglot import World

HANGUL = re.compile(r"[가-힣]")
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
LATIN_WORD = re.compile(r"[a-zà-ÿ]+", re.IGNORECASE)


class Wording:
    """Word lists of the Latin-script languages, gathered from their own text."""

    def __init__(self, world: World, documents: int = 1500) -> None:
        counts: dict[str, Counter[str]] = {}
        for language in LATIN:
            writer = Writer(world, random.Random(f"words {language}"))
            counts[language] = Counter()
            for _ in range(documents):
                for document in (writer.story(language), writer.fact_list(language), writer.fact_questions(language)):
                    counts[language].update(word.lower() for word in LATIN_WORD.findall(plain(document)))
        self.owner: dict[str, str] = {}
        for word in set().union(*counts.values()):
            known = [language for language in LATIN if counts[language][word]]
            if len(known) == 1:
                self.owner[word] = known[0]

    def shares(self, text: str) -> dict[str, float]:
        """Share of each language among the signs that speak for one; empty when none does."""
        known = (self.owner.get(word.lower()) for word in LATIN_WORD.findall(text))
        found: dict[str, float] = dict(Counter(language for language in known if language))
        found["ja"] = len(JAPANESE.findall(text)) / 2
        found["ko"] = len(HANGUL.findall(text)) / 2
        total = sum(found.values())
        return {language: count / total for language, count in found.items() if count} if total else {}

    def label(self, text: str) -> str | None:
        """The language with the largest share, or None when nothing speaks for any."""
        shares = self.shares(text)
        return max(shares, key=lambda language: shares[language]) if shares else None
