"""What a scan will cost in time and disk, from the model's card and the numbers of sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.contracts.jobs import ScanSettings
from app.contracts.results import ModelCard
from app.text.languages import language

FLOAT = 4  # bytes
TOKENS_PER_CHARACTER = 0.3  # alphabets; rough, vocabularies differ
DENSE = {
    "Hans": 0.8,
    "Hant": 0.8,
    "Hani": 0.8,
    "Jpan": 0.8,
    "Kore": 0.7,
    "Thai": 0.5,
    "Deva": 0.5,
    "Beng": 0.5,
    "Taml": 0.5,
}
PADDING = 1.25  # tokens computed per token read
READINGS = 2  # every sentence once for the scores; the best again for the examples, which are most of a small corpus
PRODUCTS = 6  # products of all sentences with all value vectors: two types of score and their controls
SCORES = 8  # two types, each with its spread, leave-one-out and contrast
ACTIVATIONS = 4  # mean, spread, share above 0, eta squared
REDUCED = 50  # principal components kept of every state
BINS, EXAMPLES = 24, 5
START_SECONDS = 5.0  # loading the model, planning, committing


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of a language a scan will read."""

    sentences: int
    characters: float  # mean of a sentence


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds, bytes held while the scan runs, bytes it leaves, and what will be read."""

    seconds: float | None
    temporary: int
    permanent: int
    sentences: int
    tokens: int


def estimate(card: ModelCard, readings: Mapping[str, Reading], settings: ScanSettings) -> Estimate:
    """The cost of a scan; no time if the model's speed was not measured."""
    sentences = sum(reading.sentences for reading in readings.values())
    tokens = round(sum(_tokens(code, reading) for code, reading in readings.items()))
    return Estimate(
        seconds=_seconds(card, sentences, tokens),
        temporary=temporary_bytes(card, sentences),
        permanent=permanent_bytes(card, sentences, len(readings), settings),
        sentences=sentences,
        tokens=tokens,
    )


def temporary_bytes(card: ModelCard, sentences: int) -> int:
    """Shards: per sentence and layer the stream and the activations, per level the state."""
    hidden, layers = card.hidden_size, card.layers
    return sentences * (layers * (hidden + card.neurons) + (layers + 1) * hidden) * FLOAT


def permanent_bytes(card: ModelCard, sentences: int, languages: int, settings: ScanSettings) -> int:
    """What a finished run keeps: statistics of every neuron, centroids, reduced states with their axes, and details."""
    neurons, levels = card.layers * card.neurons, card.layers + 1
    statistics = neurons * (SCORES * (languages - 1) + ACTIVATIONS * languages) * FLOAT
    centroids = levels * languages * card.hidden_size * FLOAT
    states = sentences * levels * (min(REDUCED, card.hidden_size) * FLOAT + 2 * 2)
    axes = levels * (min(REDUCED, card.hidden_size) + 1) * card.hidden_size * FLOAT
    detailed = min(neurons, max(settings.detail_neurons * 2 * (languages - 1), 0))
    details = detailed * languages * (BINS * 4 + EXAMPLES * (4 + 4 + 40 * 2))
    return statistics + centroids + states + axes + details


def _tokens(code: str, reading: Reading) -> float:
    rate = DENSE.get(language(code).script, TOKENS_PER_CHARACTER)
    return reading.sentences * max(reading.characters * rate, 1.0)


def _seconds(card: ModelCard, sentences: int, tokens: int) -> float | None:
    if card.tokens_per_second <= 0:
        return None
    forward = tokens * PADDING * READINGS / card.tokens_per_second
    operations = card.tokens_per_second * 2 * card.parameters  # a second, as measured by the forward pass
    scoring = PRODUCTS * 2 * sentences * card.layers * card.hidden_size * card.neurons / operations
    return START_SECONDS + forward + scoring
