"""Neurons planted as Type-1, Type-2 and specific in made-up activations come out as what they are."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.contracts import arrays as names
from app.contracts import specificity as contract
from app.contracts.specificity import SpecificityResult, SpecificitySpec
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.db.tables import Experiment
from app.jobs import InlineContext
from app.settings import Settings
from tests.support.experiments import store_experiment
from tests.support.synthetic_run import write_synthetic_run
from worker.analyses.specificity import SPECIFICITY
from worker.analyses.specificity_parts import ACTIVATIONS

LANGUAGES = ("en", "nl", "it", "ja")
LAYERS, NEURONS, SENTENCES = 3, 30, 40
ALONE, FAMILY, ALL = (2, 4), (2, 9), (0, 6)  # fires for ja alone; for en and nl; for every language alike


@pytest.fixture
def result(sessions: sessionmaker[Session], tmp_path: Path) -> tuple[SpecificityResult, dict[str, np.ndarray]]:
    """The stages after reading, on activations written where reading would have put them."""
    with sessions.begin() as session:
        run = write_synthetic_run(
            session, layers=LAYERS, neurons=NEURONS, hidden=8, languages=LANGUAGES[1:],
            sentences_per_language=SENTENCES,
            detail=0,
        )  # fmt: skip
        spec = SpecificitySpec(
            experiment_id="planted", run_id=run, model_id=finished_run(session, run).model.id, tops=(1, 2),
            sentences=SENTENCES, resamples=30, block_sentences=25, families={"Germanic": ("en", "nl")},
        )  # fmt: skip
        store_experiment(session, spec)
        _plant(ArrayStore(session), run)
    context = InlineContext(Settings(data_dir=tmp_path), sessions, lambda *_: None)
    for stage in (SPECIFICITY.stages[0], *SPECIFICITY.stages[2:]):
        for piece in stage.plan(context, spec):
            with sessions.begin() as session:
                stage.work(context, spec, piece)(session)
    with sessions() as session:
        store = ArrayStore(session)
        found = {label: store.get("planted", contract.NEURONS.format(metric="eta2", label=label))
                 for label in ("ja", "nl", "family/Germanic")}  # fmt: skip
        answer = SpecificityResult.model_validate(session.get_one(Experiment, "planted").result)
    return answer, found


def _plant(store: ArrayStore, run: str) -> None:
    generator = np.random.default_rng(0)
    for number, language in enumerate(LANGUAGES):
        noise = generator.normal(size=(LAYERS, SENTENCES, NEURONS)).astype(np.float32)
        noise[ALONE[0], :, ALONE[1]] += 6 * (language == "ja")
        noise[FAMILY[0], :, FAMILY[1]] += 6 * (number < 2)
        noise[ALL[0], :, ALL[1]] += 6
        for layer in range(LAYERS):
            for block, start in enumerate(range(0, SENTENCES, 25)):
                name = ACTIVATIONS.format(language=language, block=block, layer=layer)
                store.put("planted", name, noise[layer, start : start + 25])
    for kind, planted in ((1, [ALL]), (2, [ALONE, FAMILY])):
        for language in LANGUAGES[1:]:
            scores = np.full((LAYERS, NEURONS), -1.0, dtype=np.float32)
            for rank, (layer, neuron) in enumerate(planted):
                scores[layer, neuron] = 1 - 0.1 * rank
            store.put(run, names.SCORE.format(type=kind, language=language), scores)


def test_planted_neurons_come_out_on_top(
    result: tuple[SpecificityResult, dict[str, np.ndarray]],
) -> None:
    answer, eta2 = result
    for label, (layer, neuron) in (("ja", ALONE), ("family/Germanic", FAMILY)):
        highest = np.unravel_index(eta2[label].argmax(), eta2[label].shape)
        assert tuple(map(int, highest)) == (layer, neuron)
        assert eta2[label][layer, neuron] > 0.8
        others = np.delete(eta2[label].reshape(-1), [layer * NEURONS + neuron, FAMILY[0] * NEURONS + FAMILY[1],
                                                     ALONE[0] * NEURONS + ALONE[1]])  # fmt: skip
        assert others.max() < 0.1, "what was not planted is not specific"
    rows = {(row.type, row.language, row.top, row.label): row for row in answer.top}
    type2, type1 = rows[2, "ja", 1, "ja"], rows[1, "ja", 1, "ja"]
    assert type2.eta2.value > 0.8
    assert type2.eta2.low is not None
    assert type2.eta2.low > 0.7
    assert (type2.medium.value, type2.large.value) == (1.0, 1.0)
    assert type2.auc > 0.99
    assert type1.eta2.value < 0.05, "a neuron that every language shares is not specific"
    assert type1.large.value == 0.0
    for row in answer.top:
        for one in (row.eta2, row.medium, row.large):
            assert one.low is not None
            assert one.high is not None
            assert 0 <= one.low <= one.value + 1e-9, "an interval holds its value, however small"
            assert one.value - 1e-9 <= one.high <= 1
    every = {row.label: row for row in answer.every}
    assert every["ja"].counts[2] == every["family/Germanic"].counts[2] == (0, 0, 1), "one neuron each above .5"
    layers = next(row for row in answer.by_layer if (row.type, row.language) == (2, "ja"))
    assert (layers.neurons, layers.large) == ((0, 0, 2), (0, 0, 2)), "the family's neuron is silent for ja: .3"
