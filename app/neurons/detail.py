"""All that a run knows of one neuron."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from app.contracts import arrays as names
from app.contracts.ids import NeuronId
from app.db.runs import FinishedRun
from app.db.tables import Sentence
from app.neurons.contracts import (
    Activity,
    Example,
    Histogram,
    Neuron,
    NeuronDetail,
    Score,
    Share,
    Similar,
    TokenValue,
    Written,
    WrittenToken,
)
from app.neurons.heat import token_text
from app.neurons.service import check_neuron
from app.neurons.source import RunArrays
from app.text.scripts import dominant_script

SCORES = (names.SCORE, names.SCORE_SD, names.SCORE_LOO, names.SCORE_CONTRAST)
ACTIVITIES = (names.ACTIVATION_POSITIVE, names.ACTIVATION_MEAN, names.ACTIVATION_SD, names.ETA2)
TEXTS = (names.SENTENCES, names.TOKEN_OFFSETS, names.TOKEN_IDS)
DETAILS = (
    names.DETAIL_NEURONS, names.DETAIL_EDGES, names.DETAIL_HISTOGRAM, names.DETAIL_TOP, names.DETAIL_TOP_VALUES,
    names.DETAIL_HEAT_OFFSETS, names.DETAIL_HEAT, names.DETAIL_PROMOTED, names.DETAIL_PROMOTED_VALUES,
    names.DETAIL_MAKEUP, names.DETAIL_SIMILAR, names.DETAIL_SIMILAR_VALUES,
)  # fmt: skip


def read_neuron(run: FinishedRun, arrays: RunArrays, neuron: NeuronId) -> Neuron:
    """Everything stored about a neuron. Raises NotFound for one the model does not have."""
    check_neuron(run, neuron)
    arrays.expect(_names(run, neuron.layer))
    return Neuron(
        run=run.id,
        model=run.model.name,
        name=str(neuron),
        layer=neuron.layer,
        neuron=neuron.index,
        scores=tuple(_scores(run, arrays, neuron)),
        activity=tuple(_activity(run, arrays, neuron)),
        detail=_detail(run, arrays, neuron),
    )


def _names(run: FinishedRun, layer: int) -> Iterator[str]:
    """Every array that the page of a neuron of this layer may read."""
    spoken, scored = run.spec.all_languages, run.spec.languages
    yield from (name.format(type=kind, language=one) for name in SCORES for kind in (1, 2) for one in scored)
    yield from (name.format(language=one) for name in ACTIVITIES + TEXTS for one in spoken)
    yield from (name.format(layer=layer) for name in DETAILS)
    yield from (names.VOCABULARY_BYTES, names.VOCABULARY_OFFSETS, names.MAKEUP_BASE)


def layer_counts(run: FinishedRun, arrays: RunArrays) -> list[int]:
    """How many neurons of each layer have details."""
    found = [names.DETAIL_NEURONS.format(layer=layer) for layer in range(run.summary.layers)]
    arrays.expect(found)
    return [arrays.shape(name)[0] if arrays.has(name) else 0 for name in found]


def _number(value: np.floating[Any]) -> float | None:
    return float(value) if np.isfinite(value) else None


def _scores(run: FinishedRun, arrays: RunArrays, neuron: NeuronId) -> Iterator[Score]:
    place = (neuron.layer, neuron.index)
    for language in run.spec.languages:
        for kind in (1, 2):
            layers = run.summary.candidates(kind)
            score, sd, loo, contrast = (
                _number(arrays.get(name.format(type=kind, language=language))[place]) for name in SCORES
            )
            yield Score(
                language=language, type=kind, candidate=neuron.layer in layers,
                rank=_rank(run, arrays.get(names.SCORE.format(type=kind, language=language)), neuron, layers),
                candidates=len(layers) * run.summary.neurons, score=score, sd=sd, loo=loo, contrast=contrast,
            )  # fmt: skip


def _rank(run: FinishedRun, scores: NDArray[np.float32], neuron: NeuronId, layers: range) -> int | None:
    """Place among the candidates, from 1, as the table has it: equal scores by layer and neuron."""
    score = scores[neuron.layer, neuron.index]
    if neuron.layer not in layers or np.isnan(score):
        return None
    among = scores[layers.start : layers.stop].reshape(-1)
    ahead = (neuron.layer - layers.start) * run.summary.neurons + neuron.index
    return 1 + int(np.count_nonzero(among > score) + np.count_nonzero(among[:ahead] == score))


def _activity(run: FinishedRun, arrays: RunArrays, neuron: NeuronId) -> Iterator[Activity]:
    place, counted = (neuron.layer, neuron.index), {one.language: one for one in run.summary.languages}
    for language in run.spec.all_languages:
        positive, mean, sd, eta2 = (_number(arrays.get(name.format(language=language))[place]) for name in ACTIVITIES)
        yield Activity(
            language=language, sentences=counted[language].sentences, tokens=counted[language].tokens,
            positive=positive, mean=mean, sd=sd, eta2=eta2,
        )  # fmt: skip


def _detail(run: FinishedRun, arrays: RunArrays, neuron: NeuronId) -> NeuronDetail | None:
    name = names.DETAIL_NEURONS.format(layer=neuron.layer)
    if not arrays.has(name):
        return None
    listed = arrays.get(name)
    row = int(np.searchsorted(listed, neuron.index))
    if row == len(listed) or listed[row] != neuron.index:
        return None
    return NeuronDetail(
        histograms=tuple(_histograms(run, arrays, neuron.layer, row)),
        examples=tuple(_examples(run, arrays, neuron.layer, row)),
        promoted=_written(run, arrays, neuron.layer, (row, 0)),
        suppressed=_written(run, arrays, neuron.layer, (row, 1)),
        similar=tuple(_similar(arrays, neuron.layer, row)),
    )


def _histograms(run: FinishedRun, arrays: RunArrays, layer: int, row: int) -> Iterator[Histogram]:
    low, high = arrays.get(names.DETAIL_EDGES.format(layer=layer))[row].tolist()
    counts = arrays.get(names.DETAIL_HISTOGRAM.format(layer=layer))[row].tolist()
    for language, one in zip(run.spec.all_languages, counts, strict=True):
        yield Histogram(language=language, low=low, high=high, counts=tuple(one))


def _examples(run: FinishedRun, arrays: RunArrays, layer: int, row: int) -> Iterator[Example]:
    top = arrays.get(names.DETAIL_TOP.format(layer=layer))[row]  # [K, examples] places in reading order
    values = arrays.get(names.DETAIL_TOP_VALUES.format(layer=layer))[row]
    offsets, heat = (arrays.get(name.format(layer=layer)) for name in (names.DETAIL_HEAT_OFFSETS, names.DETAIL_HEAT))
    sources = _sources(run, arrays, top)
    for (k, e), read in np.ndenumerate(top):
        if read < 0:
            continue
        language, place = run.spec.all_languages[k], row * top.size + k * top.shape[1] + e
        starts = arrays.get(names.TOKEN_OFFSETS.format(language=language))
        ids = arrays.get(names.TOKEN_IDS.format(language=language))[starts[read] : starts[read + 1]].tolist()
        found = heat[offsets[place] : offsets[place + 1]].astype(float).tolist()
        sentence = int(arrays.get(names.SENTENCES.format(language=language))[read])
        yield Example(
            language=language, value=float(values[k, e]), sentence=sentence, source=sources.get(sentence, ""),
            tokens=tuple(
                TokenValue(id=token, bytes=token_bytes(arrays, token).hex(), value=value)
                for token, value in zip(ids, found, strict=True)
            ),
        )  # fmt: skip


def _sources(run: FinishedRun, arrays: RunArrays, top: NDArray[np.int32]) -> dict[int, str]:
    wanted = [
        int(arrays.get(names.SENTENCES.format(language=run.spec.all_languages[k]))[read])
        for (k, _), read in np.ndenumerate(top)
        if read >= 0
    ]
    found = arrays.session.execute(select(Sentence.id, Sentence.source).where(Sentence.id.in_(wanted)))
    return {row.id: row.source for row in found}


def token_bytes(arrays: RunArrays, token: int) -> bytes:
    """The exact bytes of a token of the model's vocabulary."""
    offsets = arrays.get(names.VOCABULARY_OFFSETS)
    piece: bytes = arrays.get(names.VOCABULARY_BYTES)[offsets[token] : offsets[token + 1]].tobytes()
    return piece


def _written(run: FinishedRun, arrays: RunArrays, layer: int, place: tuple[int, int]) -> Written:
    ids = arrays.get(names.DETAIL_PROMOTED.format(layer=layer))[place].tolist()
    values = arrays.get(names.DETAIL_PROMOTED_VALUES.format(layer=layer))[place].tolist()
    makeup = arrays.get(names.DETAIL_MAKEUP.format(layer=layer))[place].tolist()
    base = arrays.get(names.MAKEUP_BASE).tolist()
    spoken = (*run.spec.all_languages, None)
    return Written(
        tokens=tuple(
            _written_token(token, token_bytes(arrays, token), value) for token, value in zip(ids, values, strict=True)
        ),
        languages=tuple(
            Share(language=one, share=share, base=usual) for one, share, usual in zip(spoken, makeup, base, strict=True)
        ),
    )


def _written_token(token: int, piece: bytes, value: float) -> WrittenToken:
    script = dominant_script(piece.decode("utf-8", "ignore"))
    return WrittenToken(id=token, bytes=piece.hex(), text=token_text(piece), script=script, value=value)


def _similar(arrays: RunArrays, layer: int, row: int) -> Iterator[Similar]:
    found = arrays.get(names.DETAIL_SIMILAR.format(layer=layer))[row].tolist()
    cosines = arrays.get(names.DETAIL_SIMILAR_VALUES.format(layer=layer))[row].tolist()
    for (other, index), cosine in zip(found, cosines, strict=True):
        if other >= 0:
            yield Similar(name=str(NeuronId(other, index)), layer=other, neuron=index, cosine=cosine)
