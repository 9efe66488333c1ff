"""Targets, folds and contrast of a layer's scores, against their definition in float64."""

import pytest
import torch
from torch import Tensor

from app.contracts.jobs import PRESETS, ScanSettings
from worker.analyses.layer_scores import LayerReading, score_language
from worker.numerics.centroids import fold_of

D, F = 16, 24


def reading(size: int, seed: int, vectors: Tensor) -> LayerReading:
    draw = torch.Generator().manual_seed(seed)
    stream = torch.randn(size, D, generator=draw) + seed
    activations = torch.randn(size, F, generator=draw)
    output = stream + activations @ vectors
    return LayerReading(stream, activations, output, output, torch.arange(size))


def case() -> tuple[dict[str, LayerReading], Tensor, Tensor]:
    vectors = torch.randn(F, D, generator=torch.Generator().manual_seed(9)) * 0.3
    readings = {code: reading(20, seed, vectors) for seed, code in enumerate(("en", "nl", "ja"), start=1)}
    pairs = torch.tensor([[row, row] for row in range(20)] + [[3, 3], [7, 7]])
    return readings, pairs, vectors


def cosine_gain(base: Tensor, write: Tensor, target: Tensor) -> Tensor:
    with_write = torch.cosine_similarity(base[:, None] + write, target, dim=-1)
    return with_write - torch.cosine_similarity(base, target, dim=-1)[:, None]


def slow(language: str, settings: ScanSettings) -> dict[str, Tensor]:
    """The definition, sentence by sentence in float64."""
    readings, pairs, vectors = case()
    v = vectors.double()
    rows = {"en": pairs[:, 0], language: pairs[:, 1]}
    other = next(code for code in readings if code not in rows)
    rows[other] = torch.arange(20)
    folds = fold_of(torch.arange(20), settings.seed)
    found: dict[str, list[Tensor]] = {"score": [], "loo": [], "pivot": []}
    for fold in (0, 1) if settings.crossfit else (None,):
        centre = {}
        for code, some in rows.items():
            kept = some if fold is None else some[folds[some] != fold]
            centre[code] = readings[code].target_states.double()[kept].mean(dim=0)
        shared = {
            "midpoint": (centre["en"] + centre[language]) / 2,
            "pivot": centre["en"],
            "all_languages": torch.stack(list(centre.values())).mean(dim=0),
        }[settings.type1_target]
        for code, name in ((language, "score"), ("en", "pivot")):
            some = rows[code] if fold is None else rows[code][folds[rows[code]] == fold]
            write = readings[code].activations.double()[some][:, :, None] * v
            gains = [cosine_gain(readings[code].stream.double()[some], write, t) for t in (shared, centre[language])]
            found[name].append(torch.stack(gains))
            if name == "score":
                left = [
                    -cosine_gain(readings[code].output.double()[some], -write, t) for t in (shared, centre[language])
                ]
                found["loo"].append(torch.stack(left))
    whole = {name: torch.cat(parts, dim=1) for name, parts in found.items()}
    return {
        "score": whole["score"].mean(dim=1),
        "sd": whole["score"].std(dim=1, correction=0),
        "loo": whole["loo"].mean(dim=1),
        "contrast": whole["score"].mean(dim=1) - whole["pivot"].mean(dim=1),
    }


@pytest.mark.parametrize("target", ["midpoint", "pivot", "all_languages"])
@pytest.mark.parametrize("crossfit", [False, True])
def test_scores_equal_their_definition(target: str, crossfit: bool) -> None:
    settings = PRESETS["corrected"].model_copy(update={"type1_target": target, "crossfit": crossfit})
    readings, pairs, vectors = case()
    fast = score_language("ja", "en", readings, pairs, vectors, settings)
    wanted = slow("ja", settings)
    for name in ("score", "sd", "loo", "contrast"):
        assert torch.allclose(getattr(fast, name).double(), wanted[name], atol=2e-6), name


def test_a_single_sentence_a_fold_falls_back_to_no_folds() -> None:
    readings, _, vectors = case()
    settings = PRESETS["corrected"]
    folds = fold_of(torch.arange(20), settings.seed)
    same = torch.nonzero(folds == folds[0])[:2, 0]
    pairs = torch.stack([same, same], dim=1)  # both in one fold: the other half has no sentence to make a centroid of
    crossed = score_language("ja", "en", readings, pairs, vectors, settings)
    plain = score_language("ja", "en", readings, pairs, vectors, settings.model_copy(update={"crossfit": False}))
    assert torch.equal(crossed.score, plain.score)
