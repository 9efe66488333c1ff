"""Which sentences a scan reads."""

import numpy as np
import pytest

from app.contracts.jobs import PRESETS, ScanSpec
from app.errors import BadInput
from worker.analyses.sampling import Line, choose


def spec(preset: str = "corrected", languages: tuple[str, ...] = ("nl", "ja"), **changes: object) -> ScanSpec:
    settings = PRESETS[preset].model_copy(update=changes)
    return ScanSpec(run_id="r", model_id="m", corpus_id="c", languages=languages, pivot="en", settings=settings)


def corpus(size: int, languages: tuple[str, ...] = ("en", "nl", "ja")) -> dict[str, list[Line]]:
    return {
        code: [Line(1000 * column + row, str(row), f"{code} {row}") for row in range(size)]
        for column, code in enumerate(languages)
    }


def test_a_draw_is_the_same_groups_in_every_language() -> None:
    sample = choose(corpus(50), spec(max_sentences=20))
    assert all(len(sample.sentences[code]) == 20 for code in ("en", "nl", "ja"))
    assert np.array_equal(sample.groups["en"], sample.groups["ja"])
    assert np.array_equal(sample.pairs["nl"], np.stack([np.arange(20)] * 2, axis=1))
    assert np.array_equal(np.sort(sample.sentences["nl"]), sample.sentences["nl"]), "the corpus's order is kept"


def test_another_seed_draws_others_and_the_same_seed_the_same() -> None:
    draws = [choose(corpus(50), spec(max_sentences=20, seed=seed)).sentences["nl"].tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]


def test_repeated_sentences_are_dropped_or_counted_as_the_preset_says() -> None:
    lines = corpus(4, ("en", "nl"))
    lines["en"][3] = Line(3, "3", "en 0")  # the pivot repeats a sentence
    corrected = choose(lines, spec(languages=("nl",)))
    assert corrected.pairs["nl"].tolist() == [[0, 0], [1, 1], [2, 2]]
    paper = choose(lines, spec("paper", languages=("nl",)))
    assert paper.pairs["nl"].tolist() == [[0, 0], [1, 1], [2, 2], [0, 3]], "read once, counted twice"
    assert len(paper.sentences["en"]) == 3


def test_languages_without_parallel_sentences_are_read_alone() -> None:
    lines = {
        "en": [Line(1, None, "a"), Line(2, None, "b")],
        "nl": [Line(3, None, "c"), Line(4, None, "d"), Line(5, None, "e")],
    }
    sample = choose(lines, spec(languages=("nl",)))
    assert sample.pairs["nl"].shape == (0, 2)
    assert sample.sentences["en"].tolist() == [1, 2]
    assert sample.groups["nl"].tolist() == [-1, -1, -1]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_sentences_are_refused_by_name(count: int) -> None:
    lines = corpus(5)
    lines["ja"] = lines["ja"][:count]
    with pytest.raises(BadInput, match=rf"{count} usable sentence\(s\) in ja; a scan needs at least 2"):
        choose(lines, spec())
