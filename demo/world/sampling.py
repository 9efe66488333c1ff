"""Draws meaning frames at random from the lexicon; what is held out is only drawn when asked for."""

from __future__ import annotations

import random
from dataclasses import replace

from demo.world.frames import PREPOSITIONS, Attribute, Event, Frame, Location, Thing
from demo.world.holdout import held_out
from demo.world.lexicon import Lexicon

BODILY = ("sleep", "run", "swim", "wait")


class Sampler:
    """Random frames; `unseen` chooses which side of the hold-out they come from."""

    def __init__(self, lexicon: Lexicon, rng: random.Random, *, unseen: bool = False) -> None:
        self.lexicon = lexicon
        self.rng = rng
        self.unseen = unseen
        nouns = [noun for noun in lexicon.nouns.values() if not noun.has("nature")]
        self.objects = {
            verb.id: [noun.id for noun in nouns if verb.has("any") or set(noun.traits) & set(verb.traits)]
            for verb in lexicon.verbs.values()
        }
        self.landmarks = [noun.id for noun in nouns if noun.has("furniture") or noun.has("vehicle") or noun.id == "box"]
        self.movable = [noun.id for noun in nouns if not noun.has("mass") and not noun.has("furniture")]
        self.countable = [noun.id for noun in nouns if not noun.has("mass")]
        self.animals = [noun.id for noun in nouns if noun.has("animal")]
        self.transitive = [verb.id for verb in lexicon.verbs.values() if not verb.has("-") and not verb.has("place")]
        self.intransitive = [verb.id for verb in lexicon.verbs.values() if verb.has("-")]
        self.adjectives = list(lexicon.adjectives)
        self.people = list(lexicon.people)
        self.places = list(lexicon.places)
        self.times = list(lexicon.times)

    def keep(self, frame: Frame) -> bool:
        """Whether the frame lies on the wanted side of the hold-out."""
        return held_out(frame) == self.unseen

    def time(self) -> tuple[str, str]:
        """A time adverb and the tense it asks for."""
        time = self.rng.choice(self.times)
        return time, self.lexicon.times[time].traits[0]

    def transitive_event(self) -> Event:
        """A person does something to a thing, mostly somewhere."""
        verb = self.rng.choice(self.transitive)
        adjective = self.rng.choice(self.adjectives) if self.rng.random() < 0.6 else None
        thing = Thing(self.rng.choice(self.objects[verb]), adjective, self.rng.random() < 0.25)
        time, tense = self.time()
        place = self.rng.choice(self.places) if self.rng.random() < 0.75 else None
        return Event(
            self.rng.choice(self.people), verb, time, thing, place, fronted=self.rng.random() < 0.35, tense=tense
        )

    def intransitive_event(self) -> Event:
        """A person or an animal does something somewhere, or a person goes there."""
        time, tense = self.time()
        place, fronted = self.rng.choice(self.places), self.rng.random() < 0.35
        if self.rng.random() < 0.3:
            verb, subject = self.rng.choice(BODILY), self.rng.choice(self.animals)
        else:
            verb, subject = self.rng.choice([*self.intransitive, "go", "go"]), self.rng.choice(self.people)
        return Event(subject, verb, time, None, place, fronted=fronted, tense=tense)

    def location(self) -> Location:
        """Something stands somewhere relative to a landmark."""
        noun, landmark = self.rng.choice(self.movable), self.rng.choice(self.landmarks)
        while landmark == noun:
            landmark = self.rng.choice(self.landmarks)
        return Location(noun, self.rng.choice(PREPOSITIONS), landmark)

    def attribute(self) -> Attribute:
        """A thing has a property."""
        return Attribute(self.rng.choice(self.countable), self.rng.choice(self.adjectives))

    def event(self) -> Event:
        """Any event on the wanted side of the hold-out."""
        while True:
            event = self.transitive_event() if self.rng.random() < 0.75 else self.intransitive_event()
            if self.keep(event):
                return event

    def frame(self) -> Frame:
        """Any sentence on the wanted side of the hold-out: 70 % events, 18 % locations, 12 % properties."""
        draw = self.rng.random()
        if draw < 0.70:
            return self.event()
        while True:
            frame: Frame = self.location() if draw < 0.88 else self.attribute()
            if self.keep(frame):
                return frame

    def scene(self) -> list[Frame]:
        """Two to five unrelated sentences, mostly about where things are and what they are like, none twice."""
        frames: list[Frame] = []
        length = self.rng.randint(2, 5)
        while len(frames) < length:
            draw = self.rng.random()
            frame = self.location() if draw < 0.45 else self.attribute() if draw < 0.7 else self.event()
            if self.keep(frame) and frame not in frames:
                frames.append(frame)
        return frames

    def story(self) -> list[Frame]:
        """Three to six sentences about one person and one thing, no sentence twice."""
        while True:
            first = self.transitive_event()
            if self.keep(first) and first.thing:
                break
        frames: list[Frame] = [first]
        noun, length = first.thing.noun, self.rng.randint(3, 6)
        while len(frames) < length:
            follow = self.follow_up(first, noun)
            if self.keep(follow) and follow not in frames:
                frames.append(follow)
        return frames

    def follow_up(self, first: Event, noun: str) -> Frame:
        """A sentence that could come next: `Then Anna sold the car`, `The car is old`, another event of the person."""
        draw = self.rng.random()
        later = Event(first.subject, "go", None, None, None, tense=first.tense, then=True)
        if draw < 0.35:
            verb = self.rng.choice([verb for verb in self.transitive if noun in self.objects[verb]])
            return replace(later, verb=verb, thing=Thing(noun))
        if draw < 0.55:
            return replace(later, place=self.rng.choice(self.places))
        if draw < 0.65:
            return replace(later, verb=self.rng.choice(self.intransitive), place=self.rng.choice(self.places))
        if draw < 0.80 and noun in self.movable:
            return self.location() if self.rng.random() < 0.3 else replace_noun(self.location(), noun)
        if draw < 0.90 and noun in self.countable:
            return Attribute(noun, self.rng.choice(self.adjectives))
        return self.event()


def replace_noun(location: Location, noun: str) -> Location:
    """The same place for another noun."""
    landmark = location.landmark if location.landmark != noun else "table"
    return Location(noun, location.preposition, landmark)
