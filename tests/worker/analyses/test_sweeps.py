"""Sweeps, whole, on a real (tiny, random) model and scan: dose-response, matrix and a list of prompts."""

import copy

import numpy as np
import pytest
import torch
from sqlalchemy import select

from app.contracts.ids import new_id
from app.contracts.interventions import Controls
from app.contracts.sets import PickedOrigin
from app.contracts.sweeps import DoseSpec, ListedPrompt, MatrixSpec, Measured, PromptsSpec, SweepResult
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Experiment, Model
from app.errors import BadInput
from app.jobs import InlineContext, run_inline
from app.settings import Settings
from app.text.verdicts import judge
from tests.support.scans import Scan, scan_folder
from tests.support.small_corpus import write_corpus
from tests.worker.tiny_models import make_tiny
from worker.analyses.sweep import DOSE, MATRIX, PROMPTS, texts
from worker.model.batches import tokenise
from worker.model.loading import load
from worker.numerics import overlap

ENDING = "worker.model.generation.end_tokens"


@pytest.fixture(scope="module")
def scan(tmp_path_factory) -> tuple[Scan, str]:
    folder = tmp_path_factory.mktemp("sweeps")
    model = make_tiny("llama", folder / "model", max_position_embeddings=128)
    corpus = write_corpus(folder / "corpus")
    settings = ("detail_neurons=0",)
    made = scan_folder(model, corpus, ("nl", "ja"), "en", "corrected", folder, settings)
    with made.sessions.begin() as session:
        row = session.scalars(select(Model)).one()
        row.card = row.card or load(str(model), device="cpu").card().model_dump(mode="json")
    return made, str(model)


def finished(scan: Scan, analysis, spec) -> SweepResult:
    with scan.sessions.begin() as session:
        session.add(
            Experiment(
                id=spec.experiment_id, kind=spec.kind, name="t", model_id=spec.model_id, job_id="", status="queued",
                spec=spec.model_dump(mode="json"), created=utc_now(),
            )
        )  # fmt: skip
    context = InlineContext(Settings(device="cpu"), scan.sessions, lambda stage, done, total: None)
    run_inline(analysis, spec, scan.sessions, context)
    with scan.sessions() as session:
        assert ArrayStore(session).names(spec.experiment_id, "part/") == []
        return SweepResult.model_validate(session.get_one(Experiment, spec.experiment_id).result)


def corpus_spec(scan: Scan, kind, **values):
    run = scan.run
    common = {"model_id": run.model.id, "run_id": run.id, "corpus_id": run.corpus.id, "languages": ("nl", "ja")}
    return kind(experiment_id=new_id(), **{**common, "prompts": 3, "sentences": 4, "max_new_tokens": 5, **values})


def told(number: Measured | None) -> Measured:
    """A number that must be there."""
    assert number is not None
    return number


def nats_by_hand(folder: str, pairs, sentences: list[str]) -> float:
    """Mean negative log-likelihood per token of a model whose value vectors are zeroed, sentence by sentence."""
    model = load(folder, device="cpu")
    network = copy.deepcopy(model.network)
    for layer, neuron in pairs:
        network.model.layers[layer].mlp.down_proj.weight.data[:, neuron] = 0
    total = count = 0.0
    for one in tokenise(model, sentences):
        ids = torch.tensor([one.ids])
        with torch.no_grad():
            logs = torch.log_softmax(network(input_ids=ids).logits.double(), dim=-1)
        total -= sum(float(logs[0, at, ids[0, at + 1]]) for at in range(ids.shape[1] - 1))
        count += ids.shape[1] - 1
    return total / count


def best_pairs(scan: Scan, language: str, count: int) -> list[tuple[int, int]]:
    """The Type-2 candidates of the highest score."""
    ids = overlap.best(scan.score(2, language).numpy(), count, scan.split)
    return [divmod(int(one), scan.run.summary.neurons) for one in ids]


def test_dose_response_is_what_models_changed_by_hand_show(scan):
    made, folder = scan
    spec = corpus_spec(made, DoseSpec, doses=(0, 2, 100_000), controls=Controls(draws=1))
    result = finished(made, DOSE, spec)
    run = made.run
    assert result.clipped
    assert result.reached > 0
    assert max(result.doses) <= run.summary.layers * run.summary.neurons
    lines = {(line.language, line.arm, line.dose): line for line in result.lines}
    assert {arm for _, arm, _ in lines} == {"normal", "type1", "type2", "control1", "control2"}
    context = InlineContext(Settings(device="cpu"), made.sessions, lambda stage, done, total: None)
    sentences = texts(context, spec, "nl")[-4:]
    second = best_pairs(made, "nl", 2)
    normal, changed = lines["nl", "normal", 0], lines["nl", "type2", 2]
    assert told(normal.nats).value == pytest.approx(nats_by_hand(folder, [], sentences), abs=1e-4)
    assert told(changed.nats).value == pytest.approx(nats_by_hand(folder, second, sentences), abs=1e-4)
    assert told(changed.change).value == pytest.approx(told(changed.nats).value - told(normal.nats).value, abs=1e-6)
    low, high = told(changed.nats).low, told(changed.nats).high
    assert low is not None
    assert high is not None
    assert low <= told(changed.nats).value <= high
    for asked in result.asked:
        assert asked.outputs[0].arm == "normal"
        for one in asked.outputs:
            assert one.in_target == judge(one.text, target=asked.target, hints=run.spec.all_languages).in_target
    marks = [
        one.in_target for asked in result.asked if asked.target == "nl" for one in asked.outputs if one.arm == "normal"
    ]
    known = [mark for mark in marks if mark is not None]
    assert normal.outputs == 3
    assert normal.undetermined == 3 - len(known)
    assert (normal.language_rate is None) == (not known)
    if known:
        assert told(normal.language_rate).value == pytest.approx(sum(known) / len(known))


def test_the_matrix_has_a_line_a_pair_and_control_draws_of_each_language(scan):
    made, folder = scan
    spec = corpus_spec(made, MatrixSpec, ablated=("nl", "ja"), type=2, top=5, prompts=0, languages=("en", "nl", "ja"))
    result = finished(made, MATRIX, spec)
    pairs = {(line.ablated, line.language) for line in result.lines if line.arm == "set"}
    assert pairs == {(one, other) for one in ("nl", "ja") for other in ("en", "nl", "ja")}
    assert {(line.ablated, line.language) for line in result.lines if line.arm == "control"} == pairs
    context = InlineContext(Settings(device="cpu"), made.sessions, lambda stage, done, total: None)
    top = best_pairs(made, "ja", 5)
    [cell] = [line for line in result.lines if (line.arm, line.ablated, line.language) == ("set", "ja", "en")]
    assert cell.dose == 5
    assert told(cell.nats).value == pytest.approx(nats_by_hand(folder, top, texts(context, spec, "en")[-4:]), abs=1e-4)


def test_a_list_of_prompts_judges_each_by_its_own_target(scan, monkeypatch):
    made, _ = scan
    monkeypatch.setattr(ENDING, lambda _: frozenset())
    with made.sessions.begin() as session:
        model = session.scalars(select(Model)).one()
        row = store_set(session, model, NewSet("few", np.array([[0, 1], [1, 3]], np.int32), PickedOrigin()), utc_now())
    spec = PromptsSpec(
        experiment_id=new_id(), model_id=model.id, set_id=row.id, max_new_tokens=4, block=1, controls=Controls(draws=2),
        prompts=(
            ListedPrompt(text="Ik zie een kat in de tuin.", target="nl"), ListedPrompt(text="庭に猫が見えます。"),
            ListedPrompt(text="Ik zie een kat. " * 30, target="nl"),
        ),
    )  # fmt: skip
    result = finished(made, PROMPTS, spec)
    assert result.left_out == 1
    assert [one.target for one in result.asked] == ["nl", "ja"]
    assert [[(o.arm, o.draw) for o in one.outputs] for one in result.asked] == [
        [("normal", 0), ("set", 0), ("control", 0), ("control", 1)]
    ] * 2
    total = {line.arm: line for line in result.lines if line.language == ""}
    assert (total["normal"].outputs, total["control"].outputs) == (2, 4)
    assert {line.language for line in result.lines} == {"", "nl", "ja"}
    assert result.edit == "Neurons zeroed at prompt and generated tokens."


def test_a_list_of_prompts_that_are_all_too_long_says_so(scan):
    made, _ = scan
    with made.sessions.begin() as session:
        model = session.scalars(select(Model)).one()
        row = store_set(session, model, NewSet("one", np.array([[0, 2]], np.int32), PickedOrigin()), utc_now())
    long = (ListedPrompt(text="Ik zie een kat. " * 30),)
    spec = PromptsSpec(experiment_id=new_id(), model_id=model.id, set_id=row.id, prompts=long, max_new_tokens=4)
    with pytest.raises(BadInput, match="Not one of 1 prompts fits in the 128 tokens"):
        finished(made, PROMPTS, spec)


def test_a_sweep_that_reaches_nothing_has_no_result(scan):
    made, _ = scan
    with made.sessions.begin() as session:
        model = session.scalars(select(Model)).one()
        row = store_set(session, model, NewSet("one", np.array([[0, 1]], np.int32), PickedOrigin()), utc_now())
    never = {"positions": "generated"}  # of one new token, none is read
    spec = PromptsSpec(
        experiment_id=new_id(), model_id=model.id, set_id=row.id, max_new_tokens=1, intervention=never,
        prompts=(ListedPrompt(text="Ik zie een kat."),), controls=Controls(draws=0),
    )  # fmt: skip
    with pytest.raises(BadInput, match="No neuron was reached"):
        finished(made, PROMPTS, spec)
