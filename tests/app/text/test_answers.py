"""MKQA's comparison of answers, case by case in all its languages, and where the mended one differs from it.

`mkqa_cases.tsv` holds answers and golds with what the evaluation that MKQA published makes of them: the normalised
answer and F1 as it is, and the same with French and Italian articles closed by a word boundary.
"""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadInput
from app.text.answers import (
    answer_language,
    answer_tokens,
    best_f1,
    best_match,
    exact_match,
    match_in,
    token_f1,
)

CODES = "ar da de en es fi fr he hu it ja km ko ms nl no pl pt ru sv th tr vi zh_cn zh_hk zh_tw"
MKQA_LANGUAGES = set(CODES.split())
with (Path(__file__).parent / "mkqa_cases.tsv").open(encoding="utf-8", newline="") as lines:
    CASES = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
# The beginnings of words that the published Italian pattern takes off.
WORDS = "il lago la Londra i gli gatto della unità di Roma un uno unico l"
OPEN = re.compile(r"\b(il|lo|la|i|gli|le|del|dello|della|dei|degli|delle|uno|una|un)")


def test_the_cases_cover_every_language() -> None:
    assert len(CASES) >= 200
    assert {case["language"] for case in CASES} == MKQA_LANGUAGES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['language']}:{case['answer']}/{case['gold']}")
def test_f1_is_the_published_one(case: dict[str, str]) -> None:
    language, answer, gold = case["language"], case["answer"], case["gold"]
    assert " ".join(answer_tokens(answer, language)) == case["official"]
    assert " ".join(answer_tokens(answer, language, "fixed")) == case["fixed"]
    assert token_f1(answer, gold, language) == pytest.approx(float(case["official_f1"]), abs=1e-6)
    assert token_f1(answer, gold, language, "fixed") == pytest.approx(float(case["fixed_f1"]), abs=1e-6)


@given(st.lists(st.sampled_from(WORDS.split()), max_size=6))
def test_the_mended_one_differs_exactly_where_a_beginning_was_eaten(words: list[str]) -> None:
    text = " ".join(words)
    eaten = any(re.match(r"\w", text.lower()[found.end() :]) for found in OPEN.finditer(text.lower()))
    assert (answer_tokens(text, "it") != answer_tokens(text, "it", "fixed")) == eaten


@pytest.mark.parametrize("language", sorted(MKQA_LANGUAGES - {"fr", "it"}))
def test_elsewhere_the_two_are_one(language: str) -> None:
    mine = [case for case in CASES if case["language"] == language]
    for text in [case[side] for case in mine for side in ("answer", "gold")]:
        assert answer_tokens(text, language) == answer_tokens(text, language, "fixed")


def test_the_best_of_all_right_answers_counts() -> None:
    golds = ("Konrad Zuse", "Zuse")
    assert best_f1("by Konrad Zuse", golds, "en") == pytest.approx(0.8)
    assert best_match("the ZUSE.", golds, "en") == 1.0
    assert best_f1("anything", (), "en") == best_match("anything", (), "en") == 0.0
    assert best_f1("", ("",), "en") == 1.0, "no answer is right where there is none"
    assert exact_match("Roma", "Milano", "it") == 0.0


def test_an_answer_in_another_language_is_found_there() -> None:
    golds: dict[str, tuple[str, ...]] = {"ja": ("東京",), "en": ("Tokyo",), "fr": ("Tokyo",)}
    assert match_in("Tokyo!", golds) == "en"
    assert match_in("東京", golds) == "ja"
    assert match_in("大阪", golds) is None


def test_languages_are_known_by_any_code() -> None:
    assert [answer_language(code) for code in ("zh-Hant", "zh_hk", "jpn", "nb", "nn", "no", "pt-BR")] == [
        "zh", "zh", "ja", "no", "no", "no", "pt",
    ]  # fmt: skip
    with pytest.raises(BadInput, match="not a language code"):
        answer_tokens("x", "a language")
