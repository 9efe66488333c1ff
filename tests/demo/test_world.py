"""The demo world speaks correctly, keeps its hold-outs, and its corpora are aligned."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from demo.world.documents import Writer, plain
from demo.world.facts import Fact
from demo.world.frames import Attribute, Event, Location, Thing
from demo.world.holdout import fact_status, held_out
from demo.world.italian import definite_article, indefinite_article
from demo.world.korean import marked
from demo.world.lexicon import LANGUAGES
from demo.world.parallel import Pairs, unseen_rows
from demo.world.polyglot import World

DEMO = Path(__file__).parents[2] / "demo"


@pytest.fixture(scope="module")
def world() -> World:
    """The demo world."""
    return World()


def say(world: World, frame: Event | Location | Attribute) -> dict[str, str]:
    """The frame in every language."""
    return {language: grammar.sentence(frame) for language, grammar in world.grammars.items()}


def test_one_event_in_five_languages(world: World) -> None:
    event = Event("anna", "buy", "yesterday", Thing("car", "red", definite=False), "park", tense="past")
    assert say(world, event) == {
        "en": "Anna bought a red car in the park yesterday.",
        "nl": "Anna kocht gisteren een rode auto in het park.",
        "it": "Anna ha comprato una macchina rossa nel parco ieri.",
        "ja": "アンナは昨日公園で赤い車を買いました。",
        "ko": "안나는 어제 공원에서 빨간 자동차를 샀습니다.",
    }


def test_dutch_puts_the_verb_second_and_closes_the_future_with_the_infinitive(world: World) -> None:
    event = Event("leo", "paint", "tomorrow", Thing("table", "big", definite=False), None, True, "future")
    assert world.grammars["nl"].sentence(event) == "Morgen zal Leo een grote tafel verven."
    then = Event("leo", "sell", None, Thing("table"), tense="past", then=True)
    assert world.grammars["nl"].sentence(then) == "Daarna verkocht Leo de tafel."


@pytest.mark.parametrize(
    ("thing", "phrase"),
    [
        (Thing("horse", "big", definite=False), "een groot paard"),
        (Thing("horse", "big", definite=True), "het grote paard"),
        (Thing("dog", "big", definite=False), "een grote hond"),
        (Thing("water", "expensive", definite=False), "duur water"),
        (Thing("coffee", None, definite=False), "koffie"),
    ],
)
def test_dutch_adjective_ending(world: World, thing: Thing, phrase: str) -> None:
    event = Event("leo", "see", "every_day", thing)
    assert f" {phrase}" in world.grammars["nl"].sentence(event)


@pytest.mark.parametrize(
    ("word", "gender", "definite", "indefinite"),
    [
        ("specchio", "m", "lo", "uno"),
        ("orso", "m", "l'", "un"),
        ("ape", "f", "l'", "un'"),
        ("sedia", "f", "la", "una"),
        ("cane", "m", "il", "un"),
        ("sale", "m", "il", "un"),
    ],
)
def test_italian_articles(word: str, gender: str, definite: str, indefinite: str) -> None:
    assert definite_article(word, gender) == definite
    assert indefinite_article(word, gender) == indefinite


def test_italian_prepositions_and_participles_agree(world: World) -> None:
    italian = world.grammars["it"]
    assert italian.sentence(Location("cat", "on", "table")) == "Il gatto è sul tavolo."
    assert italian.sentence(Location("key", "before", "mirror")) == "La chiave è davanti allo specchio."
    went = Event("anna", "go", "yesterday", None, "beach", tense="past")
    assert italian.sentence(went) == "Anna è andata alla spiaggia ieri."
    drank = Event("leo", "drink", "yesterday", Thing("water", None, definite=False), tense="past")
    assert italian.sentence(drank) == "Leo ha bevuto dell'acqua ieri."


def test_japanese_animate_and_inanimate_being(world: World) -> None:
    japanese = world.grammars["ja"]
    assert japanese.sentence(Location("dog", "under", "table")) == "犬はテーブルの下にいます。"
    assert japanese.sentence(Location("book", "under", "table")) == "本はテーブルの下にあります。"


@pytest.mark.parametrize(
    ("word", "particle", "result"),
    [("책", "object", "책을"), ("사과", "object", "사과를"), ("폴", "topic", "폴은"), ("안나", "subject", "안나가")],
)
def test_korean_particles_follow_the_final_consonant(word: str, particle: str, result: str) -> None:
    assert marked(word, particle) == result


def test_questions_take_the_right_form_and_answer(world: World) -> None:
    event = Event("nina", "sell", "tomorrow", Thing("fish", None, definite=False), "library", tense="future")
    asked = {language: grammar.ask(event, "where") for language, grammar in world.grammars.items()}
    assert {language: (question.text, question.answer) for language, question in asked.items()} == {
        "en": ("Where will Nina sell a fish tomorrow?", "in the library"),
        "nl": ("Waar zal Nina morgen een vis verkopen?", "in de bibliotheek"),
        "it": ("Dove venderà Nina un pesce domani?", "in biblioteca"),
        "ja": ("ニナは明日どこで魚を売りますか?", "図書館"),
        "ko": ("니나는 내일 어디에서 물고기를 팔 것입니까?", "도서관"),
    }


def test_every_fact_has_words_in_every_language(world: World) -> None:
    assert len(world.facts) == 330
    for fact in world.facts:
        for language in LANGUAGES:
            text = world.texts[fact, language]
            assert all(statement[-1] in ".。" for statement in text.statements)
            assert text.question.text.endswith("?")
            assert text.question.answer
            assert "{" not in text.question.text + text.question.answer + "".join(text.statements)


def test_facts_agree_in_gender(world: World) -> None:
    snow, cook = Fact("colour", ("snow", "white")), Fact("job", ("anna", "cook"))
    assert world.texts[snow, "it"].question.answer == "bianca"
    assert world.texts[cook, "it"].statements[0] == "Anna è cuoca."


def test_hold_out_is_stable_and_has_the_stated_size(world: World) -> None:
    for language in LANGUAGES[1:]:
        statuses = [fact_status(fact.id, language) for fact in world.facts]
        assert 0.06 < statuses.count("none") / 330 < 0.14
        assert 0.10 < statuses.count("noq") / 330 < 0.20
    assert all(fact_status(fact.id, "en") == "all" for fact in world.facts)


def test_training_text_never_says_what_is_held_out(world: World) -> None:
    writer = Writer(world, random.Random(5))
    lines = {line for _ in range(6000) for line in plain(writer.document()).split("\n")}
    text = "\n".join(lines)
    for language in LANGUAGES[1:]:
        for fact in world.facts:
            said = world.texts[fact, language]
            if world.status[fact, language] != "all":
                assert world.prompt(said.question.text, language) + " " not in text
            if world.status[fact, language] == "none":
                starts = [line for line in lines if any(line.startswith(statement) for statement in said.statements)]
                same = {
                    other
                    for other in world.facts
                    for way in world.texts[other, language].statements
                    if way in said.statements and world.status[other, language] != "none"
                }
                assert not starts or same


def test_sampled_frames_keep_to_their_side_of_the_hold_out(world: World) -> None:
    writer = Writer(world, random.Random(1))
    stories = [frame for _ in range(300) for frame in writer.sampler.story()]
    assert not any(held_out(frame) for frame in stories)
    assert not any(held_out(Pairs(world, random.Random(seed)).sampler.frame()) for seed in range(200))


def test_held_out_rows_never_occur_in_training_text(world: World) -> None:
    rows = unseen_rows(world, 300, seed=9)
    writer = Writer(world, random.Random(2))
    text = "\n".join(plain(writer.document()) for _ in range(4000))
    assert not [row["en"] for row in rows if row["en"] in text]


def test_corpora_are_aligned_and_unique() -> None:
    texts = {lang: (DEMO / "corpus" / f"{lang}.txt").read_text(encoding="utf-8").splitlines() for lang in LANGUAGES}
    assert {len(lines) for lines in texts.values()} == {1200}
    for lines in texts.values():
        assert len(set(lines)) == len(lines)
        assert all(line[-1] in ".。" for line in lines)
    numbered = zip(texts["en"], texts["nl"], texts["it"], strict=True)
    names = {"Anna", "Leo", "Nina", "Oscar", "Victor", "Thomas"}
    for english, dutch, italian in numbered:
        for name in names & set(english.rstrip(".").split()):
            assert name in dutch
            assert name in italian


def test_questions_match_the_world(world: World) -> None:
    for language in LANGUAGES:
        path = DEMO / "questions" / f"{language}.jsonl"
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert len(records) >= 200
        assert len({record["id"] for record in records}) == len(records)
        for record, fact in zip(records, world.facts, strict=True):
            assert record["id"] == fact.id
            assert record["status"] == world.status[fact, language]
            assert record["answer"] == world.texts[fact, language].question.answer
