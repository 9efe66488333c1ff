"""Training documents: stories, facts, questions and translations, each a list of weighted text segments."""

from __future__ import annotations

import random
from typing import NamedTuple

from pydantic import BaseModel

from demo.world.facts import Fact
from demo.world.frames import Asked, Event, Question
from demo.world.lexicon import LANGUAGES
from demo.world.polyglot import World
from demo.world.sampling import Sampler

ANSWER_WEIGHT = 3.0
READING_WEIGHT = 2.0


class Segment(NamedTuple):
    """A piece of text that starts at a token boundary; `first` and `rest` weigh its tokens in the loss."""

    text: str
    first: float = 1.0
    rest: float = 1.0


Document = list[Segment]


class Style(BaseModel):
    """What kinds of documents, in which languages, and what weighs how much in the loss.

    `start_weight`: first token of a later sentence, which decides its language; `question_weight`: question tokens;
    `statement_weight`: stated facts; `favour`: how often facts that are never asked are stated, next to the others.
    """

    mix: dict[str, float] = {"facts": 0.15, "questions": 0.42, "translation": 0.18, "story": 0.15, "reading": 0.10}
    shares: dict[str, float] = {"en": 0.26, "nl": 0.185, "it": 0.185, "ja": 0.185, "ko": 0.185}
    start_weight: float = 2.0
    question_weight: float = 1.0
    statement_weight: float = 1.0
    favour: int = 1


PLAIN = Style()


class Writer:
    """Writes random documents; the same generator state gives the same text."""

    def __init__(
        self,
        world: World,
        rng: random.Random,
        style: Style = PLAIN,
    ) -> None:
        self.world = world
        self.rng = rng
        self.sampler = Sampler(world.lexicon, rng)
        self.kinds, self.kind_weights = list(style.mix), list(style.mix.values())
        self.languages, self.language_weights = list(style.shares), list(style.shares.values())
        self.style = style
        self.asked = {language: world.asked(language) for language in LANGUAGES}
        self.stated = {
            language: [
                fact
                for fact in world.stated(language)
                for _ in range(1 if world.status[fact, language] == "all" else style.favour)
            ]
            for language in LANGUAGES
        }
        self.vocabulary = world.words()

    def language(self) -> str:
        """A language by its share."""
        return self.rng.choices(self.languages, self.language_weights)[0]

    def document(self) -> Document:
        """One document of a random kind."""
        match self.rng.choices(self.kinds, self.kind_weights)[0]:
            case "facts":
                return self.fact_list(self.language())
            case "questions":
                return self.fact_questions(self.language())
            case "story":
                return self.story(self.language())
            case "scene":
                return self.scene(self.language())
            case "reading":
                return self.reading(self.language())
            case "mixed":
                return self.mixed(self.language())
        return self.translation()

    def running_text(self, sentences: list[str], language: str) -> Document:
        """Sentences one after the other; the first token of each later one weighs more, as it decides the language."""
        joiner = self.world.grammars[language].joiner
        later = [Segment(joiner + sentence, self.style.start_weight) for sentence in sentences[1:]]
        return [Segment(sentences[0]), *later]

    def answered(self, question: Question, language: str, weight: float) -> Document:
        """Question, cue and answer; the newline after it ends the answer and weighs as much."""
        return [
            Segment(self.world.prompt(question.text, language), self.style.question_weight, self.style.question_weight),
            Segment(f" {question.answer}", weight, weight),
            Segment("\n", weight),
        ]

    def story(self, language: str) -> Document:
        """A few sentences about the same person."""
        grammar = self.world.grammars[language]
        return self.running_text([grammar.sentence(frame) for frame in self.sampler.story()], language)

    def scene(self, language: str) -> Document:
        """A few sentences that have nothing in common but their language."""
        grammar = self.world.grammars[language]
        return self.running_text([grammar.sentence(frame) for frame in self.sampler.scene()], language)

    def statement(self, fact: Fact, language: str) -> str:
        """One of the ways to state a fact."""
        return self.rng.choice(self.world.texts[fact, language].statements)

    def fact_list(self, language: str) -> Document:
        """Two to four facts as running text."""
        facts = self.rng.sample(self.stated[language], self.rng.randint(2, 4))
        text = self.running_text([self.statement(fact, language) for fact in facts], language)
        return [segment._replace(rest=self.style.statement_weight) for segment in text]

    def fact_questions(self, language: str) -> Document:
        """One to four questions about facts with their answers."""
        document: Document = []
        for fact in self.rng.sample(self.asked[language], self.rng.randint(1, 4)):
            document += self.answered(self.world.texts[fact, language].question, language, ANSWER_WEIGHT)
        return document[:-1]

    def mixed(self, language: str) -> Document:
        """Two to four lines, each a stated fact or an answered question about one.

        Where a line begins nothing tells which of them it will be, so what a question asks for has to be known at the
        same places as in a statement.
        """
        document: Document = []
        for _ in range(self.rng.randint(2, 4)):
            if self.rng.random() < 0.5:
                fact = self.rng.choice(self.stated[language])
                document.append(Segment(self.statement(fact, language), 1.0, self.style.statement_weight))
                document.append(Segment("\n"))
            else:
                fact = self.rng.choice(self.asked[language])
                document += self.answered(self.world.texts[fact, language].question, language, ANSWER_WEIGHT)
        return document[:-1]

    def reading(self, language: str) -> Document:
        """A sentence or two, then questions that they answer."""
        grammar = self.world.grammars[language]
        events = [self.sampler.event() for _ in range(self.rng.randint(1, 2))]
        document = self.running_text([grammar.sentence(event) for event in events], language)
        document.append(Segment("\n"))
        event = self.rng.choice(events)
        for asked in self.rng.sample(self.askable(event), 2):
            document += self.answered(grammar.ask(event, asked), language, READING_WEIGHT)
        return document[:-1]

    def askable(self, event: Event) -> list[Asked]:
        """What can be asked about an event."""
        asked: list[Asked] = ["who", "when"]
        if event.thing:
            asked.append("what")
        if event.place and event.verb != "go":
            asked.append("where")
        return asked

    def translation(self) -> Document:
        """The same content in two or three languages, one a line, each after the name of its language."""
        languages = self.rng.sample(LANGUAGES, 3 if self.rng.random() < 0.3 else 2)
        texts = self.translated(languages)
        document: Document = []
        for language in languages:
            document.append(Segment(f"{self.world.grammars[language].name}:"))
            document.append(Segment(f" {texts[language]}"))
            document.append(Segment("\n"))
        return document[:-1]

    def translated(self, languages: list[str]) -> dict[str, str]:
        """One random meaning in each of the languages; facts only where every language may know them."""
        world, draw = self.world, self.rng.random()
        if draw < 0.40:
            frame = self.sampler.frame()
            return {language: world.grammars[language].sentence(frame) for language in languages}
        if draw < 0.55:
            table, entry = self.rng.choice(self.vocabulary)
            return {language: world.grammars[language].forms(table, entry)[""] for language in languages}
        facts = self.asked if draw > 0.80 else self.stated
        while True:
            fact = self.rng.choice(facts[languages[0]])
            statuses = {world.status[fact, language] for language in languages}
            if statuses == {"all"} or (facts is self.stated and "none" not in statuses):
                break
        chosen = {language: world.texts[fact, language] for language in languages}
        if facts is self.asked:
            return {language: text.question.text for language, text in chosen.items()}
        way = self.rng.randrange(min(len(text.statements) for text in chosen.values()))
        return {language: text.statements[way] for language, text in chosen.items()}


def plain(document: Document) -> str:
    """The document's text."""
    return "".join(segment.text for segment in document)
