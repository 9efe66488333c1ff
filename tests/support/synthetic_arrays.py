"""Arrays of a made-up run with the structure a real one is hoped to have: languages apart, together, apart."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.contracts import arrays as names
from tests.support.synthetic_text import Vocabulary

Named = Iterator[tuple[str, np.ndarray]]
BINS, EXAMPLES, TOP, SIMILAR = 20, 4, 10, 8
HOSTILE_ROWS = (3, 8, 13, 18)  # sentences with joined emoji, a bidi override, controls, markup


@dataclass(frozen=True)
class Plan:
    """The sizes of a made-up run; `languages` pivot first."""

    layers: int
    neurons: int
    hidden: int
    languages: tuple[str, ...]
    sentences: int
    split: int
    seed: int

    @property
    def levels(self) -> int:
        """Level 0 is the embedding."""
        return self.layers + 1

    def random(self, *salt: int) -> np.random.Generator:
        """A generator of its own for each part, so that parts can be made alone."""
        return np.random.default_rng([self.seed, *salt])


def score_arrays(plan: Plan) -> Named:
    """Scores of both types, with heavy tails early (Type-1) and late (Type-2), and activation statistics."""
    shape = (plan.layers, plan.neurons)
    depth = np.linspace(0, 1, plan.layers, dtype=np.float32)[:, None]
    for k, language in enumerate(plan.languages):
        random = plan.random(1, k)
        tail = random.random(shape, dtype=np.float32) ** -0.35 - 1  # from 0, a few far out
        for kind in (1, 2) if k else ():
            envelope = np.exp(-(((depth - (0.1 if kind == 1 else 0.95)) / 0.22) ** 2))
            sign = np.where(random.random(shape, dtype=np.float32) < 0.62, 1, -1).astype(np.float32)
            score = (0.002 * envelope * sign * np.roll(tail, 7 * kind, axis=1)).astype(np.float32)
            noise = random.standard_normal(shape, dtype=np.float32)
            yield names.SCORE.format(type=kind, language=language), score
            yield names.SCORE_SD.format(type=kind, language=language), np.abs(score * 0.3) + 1e-5 * np.abs(noise)
            yield names.SCORE_LOO.format(type=kind, language=language), score * 0.9 + 2e-5 * noise
            yield names.SCORE_CONTRAST.format(type=kind, language=language), score * 0.5 - 2e-5 * noise
        late = np.exp(-(((depth - 0.95) / 0.22) ** 2))
        yield names.ACTIVATION_MEAN.format(language=language), (tail * late * 0.6 + 0.05 * tail).astype(np.float32)
        yield names.ACTIVATION_SD.format(language=language), (0.1 + 0.4 * tail).astype(np.float32)
        yield names.ACTIVATION_POSITIVE.format(language=language), np.clip(0.3 + 0.2 * tail, 0, 1).astype(np.float32)
        yield names.ETA2.format(language=language), (1 - np.exp(-0.15 * tail * (0.3 + late))).astype(np.float32)


def state_arrays(plan: Plan) -> Named:
    """Centroids, layer metrics, maps and reduced states; languages are apart in the first and last levels."""
    random, count = plan.random(2), len(plan.languages)
    depth = np.linspace(0, 1, plan.levels)
    apart = 0.15 + 2.2 * (depth - 0.55) ** 2 * 4  # a U with its bottom past the middle
    shared = random.standard_normal((plan.levels, 1, plan.hidden))
    own = random.standard_normal((1, count, plan.hidden))
    centroids = (shared * 1.5 + apart[:, None, None] * own) * (1 + 4 * depth[:, None, None])
    unit = centroids / np.linalg.norm(centroids, axis=2, keepdims=True)
    cosine = unit @ unit.transpose(0, 2, 1)
    yield names.CENTROIDS, centroids.astype(np.float32)
    yield names.CENTROID_COSINE, cosine.astype(np.float32)
    yield names.LANGUAGE_ACCURACY, np.clip(0.55 + apart * 0.25, 0, 1).astype(np.float32)
    for k, language in enumerate(plan.languages[1:], 1):
        for metric, values in _metrics(plan, k, cosine[:, 0, k], apart).items():
            yield names.LAYER_METRIC.format(metric=metric, language=language), values.astype(np.float32)
    yield from _maps(plan, apart, own[0])


def _metrics(plan: Plan, k: int, cosine: np.ndarray, apart: np.ndarray) -> dict[str, np.ndarray]:
    wobble = plan.random(3, k).normal(0, 0.01, plan.levels)
    near = 1 / (1 + apart * (1 + 0.15 * k))
    parallel, other = 0.25 + 0.6 * near + wobble, 0.2 + 0.35 * near
    found = np.clip(1.1 * near - 0.05 + wobble, 0.02, 1)
    dimension = np.round(plan.hidden * (0.15 + 0.3 * near))
    values = (cosine, 1 - near + wobble, parallel, other, parallel - other, 0.7 * found, np.full(plan.levels, 0.05),
              found, dimension, dimension * 1.3, dimension * 1.8)  # fmt: skip
    return dict(zip(names.LAYER_METRICS, values, strict=True))


def _maps(plan: Plan, apart: np.ndarray, own: np.ndarray) -> Named:
    random, count = plan.random(4), len(plan.languages)
    order = random.permutation(count * plan.sentences)
    language, group = order // plan.sentences, order % plan.sentences
    yield names.MAP_LANGUAGE, language.astype(np.uint8)
    yield names.MAP_GROUP, group.astype(np.int32)
    width = min(50, plan.hidden)
    meaning = random.standard_normal((plan.sentences, width))
    axes = random.standard_normal((width, 2))
    for level in range(plan.levels):
        states = meaning[group] + 3 * apart[level] * own[language, :width]
        yield names.REDUCED.format(level=level), states.astype(np.float32)
        flat = states @ axes / 150
        yield names.MAP_POINTS.format(method="pca", level=level), np.round(np.tanh(flat) * 32767).astype(np.int16)
        bent = np.tanh(flat * 1.5) * 0.9 + random.normal(0, 0.02, flat.shape)
        points = np.round(np.clip(bent, -1, 1) * 32767).astype(np.int16)
        yield names.MAP_POINTS.format(method="umap", level=level), points


def detail_arrays(
    plan: Plan, scores: dict[str, np.ndarray], lengths: dict[str, np.ndarray], top: int, size: int
) -> Named:
    """Details of the `top` best neurons of every language and type.

    `lengths` has the tokens of each sentence, `size` is the number of tokens there are.
    """
    wanted: set[int] = set()
    for name, score in scores.items():
        kind = int(name.split("/")[1])
        allowed = score[: plan.split] if kind == 1 else score[plan.split :]
        start = 0 if kind == 1 else plan.split * plan.neurons
        wanted.update(int(i) + start for i in np.argsort(-allowed, axis=None, kind="stable")[:top])
    for layer in range(plan.layers):
        chosen = sorted(i % plan.neurons for i in wanted if i // plan.neurons == layer)
        if chosen:
            yield from _layer_details(plan, layer, np.array(chosen, np.int32), lengths, size)


def _layer_details(plan: Plan, layer: int, chosen: np.ndarray, lengths: dict[str, np.ndarray], size: int) -> Named:
    random, m, count = plan.random(5, layer), len(chosen), len(plan.languages)
    yield names.DETAIL_NEURONS.format(layer=layer), chosen
    yield names.DETAIL_EDGES.format(layer=layer), np.tile(np.array([-0.4, 4.0], np.float32), (m, 1))
    histogram = random.poisson(plan.sentences * np.exp(-np.arange(BINS) / 3) / 3, (m, count, BINS))
    histogram[::5, -1] = 0
    histogram[::5, -1, 2] = plan.sentences  # every fifth neuron is silent in the last language
    yield names.DETAIL_HISTOGRAM.format(layer=layer), histogram.astype(np.int32)
    examples = min(EXAMPLES, plan.sentences)
    rows = np.stack([[random.permutation(plan.sentences)[:EXAMPLES] for _ in range(count)] for _ in range(m)])
    if plan.sentences > max(HOSTILE_ROWS):
        rows[1:2] = HOSTILE_ROWS  # the second listed neuron of a layer
    values = -np.sort(-random.gamma(2, 0.8, (m, count, examples)), axis=2)
    rows[::5, -1], values[::5, -1] = -1, 0
    yield names.DETAIL_TOP.format(layer=layer), rows.astype(np.int32)
    yield names.DETAIL_TOP_VALUES.format(layer=layer), values.astype(np.float32)
    heat = []
    for i, k, e in np.ndindex(rows.shape):
        row = rows[i, k, e]
        tokens = int(lengths[plan.languages[k]][row]) if row >= 0 else 0
        part = random.normal(-0.1, 0.15, tokens)
        part[random.integers(0, tokens, min(tokens, 3))] = values[i, k, e] * random.uniform(0.3, 1, min(tokens, 3))
        heat.append(part.astype(np.float16))
    yield names.DETAIL_HEAT_OFFSETS.format(layer=layer), np.concatenate([[0], np.cumsum([len(part) for part in heat])])
    yield names.DETAIL_HEAT.format(layer=layer), np.concatenate(heat)
    best = min(TOP, size)
    yield names.DETAIL_PROMOTED.format(layer=layer), random.integers(0, size, (m, 2, best)).astype(np.int32)
    ranked = -np.sort(-random.gamma(2, 0.3, (m, 2, best)), axis=2) * np.array([1, -1])[:, None]
    yield names.DETAIL_PROMOTED_VALUES.format(layer=layer), ranked.astype(np.float32)
    makeup = random.dirichlet(np.ones(count + 1), (m, 2))
    yield names.DETAIL_MAKEUP.format(layer=layer), makeup.astype(np.float32)
    similar = np.stack(
        [random.integers(0, plan.layers, (m, SIMILAR)), random.integers(0, plan.neurons, (m, SIMILAR))], 2
    )
    near = -np.sort(-random.uniform(0.1, 0.9, (m, SIMILAR)), axis=1)
    similar[:, -1], near[:, -1] = -1, 0
    yield names.DETAIL_SIMILAR.format(layer=layer), similar.astype(np.int32)
    yield names.DETAIL_SIMILAR_VALUES.format(layer=layer), near.astype(np.float32)


def token_arrays(plan: Plan, tokens: dict[str, list[list[int]]], vocabulary: Vocabulary) -> Named:
    """Token ids and counts of every sentence, the vocabulary's bytes, and which share of it is of which language."""
    for language, sentences in tokens.items():
        lengths = np.array([len(ids) for ids in sentences], np.int32)
        yield names.TOKENS.format(language=language), lengths
        yield names.TOKEN_IDS.format(language=language), np.concatenate(sentences).astype(np.int32)
        yield names.TOKEN_OFFSETS.format(language=language), np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    data, offsets = vocabulary.arrays()
    yield names.VOCABULARY_BYTES, data
    yield names.VOCABULARY_OFFSETS, offsets.astype(np.int64)
    yield names.MAKEUP_BASE, plan.random(6).dirichlet(np.ones(len(plan.languages) + 1)).astype(np.float32)
