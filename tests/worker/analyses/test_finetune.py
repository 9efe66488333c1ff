"""Fine-tuning a set, whole: stages, block by block, on a real (tiny, random) model and corpus; result and files."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load as tensors_of
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.finetuning import DELTA_FILE, FineTuneResult, FineTuneSpec
from app.contracts.ids import new_id
from app.contracts.sets import PickedOrigin
from app.db.arrays import ArrayStore
from app.db.migrate import upgrade
from app.db.session import make_engine, make_sessions, utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Experiment, Model, Run
from app.errors import BadInput
from app.jobs import InlineContext, run_inline
from app.offline import Request, prepare
from app.settings import Settings
from tests.support.small_corpus import write_corpus
from tests.worker.tiny_models import make_tiny
from worker.analyses.finetune import FINETUNE, texts
from worker.model.batches import tokenise
from worker.model.deltas import Delta, applied
from worker.model.loading import load
from worker.model.training import sentence_losses

SET = np.array([[0, 3], [0, 9], [2, 1], [2, 40]], np.int32)


@pytest.fixture
def stored(tmp_path: Path) -> tuple[sessionmaker[Session], FineTuneSpec, Path]:
    """A database with a model, a corpus, a set and an experiment that asks for training."""
    folder = make_tiny("llama", tmp_path / "model", max_position_embeddings=128)
    url = f"sqlite:///{tmp_path / 'train.db'}"
    upgrade(url)
    sessions = make_sessions(make_engine(url))
    request = Request(str(folder), None, write_corpus(tmp_path / "corpus"), "auto", ("nl", "ja"), "en", "corrected", ())
    run_id = prepare(sessions, request)
    with sessions.begin() as session:
        run = session.get_one(Run, run_id)
        model = session.get_one(Model, run.model_id)
        model.card = load(str(folder), device="cpu").card().model_dump(mode="json")
        row = store_set(session, model, NewSet("four", SET, PickedOrigin()), utc_now())
        spec = FineTuneSpec(
            experiment_id=new_id(), model_id=model.id, set_id=row.id, corpus_id=run.corpus_id, language="nl",
            languages=("en", "nl"), steps=25, rate=0.02, batch_tokens=128, train_sentences=30, test_sentences=8,
        )  # fmt: skip
        session.add(
            Experiment(
                id=spec.experiment_id,
                kind="finetune",
                name="t",
                model_id=model.id,
                job_id="",
                status="queued",
                spec=spec.model_dump(mode="json"),
                created=utc_now(),
            )
        )
    return sessions, spec, folder


def context(sessions: sessionmaker[Session]) -> InlineContext:
    return InlineContext(Settings(device="cpu"), sessions, lambda stage, done, total: None)


def test_a_set_is_trained_beside_random_neurons_and_its_file_gives_the_measured_losses(
    stored: tuple[sessionmaker[Session], FineTuneSpec, Path],
) -> None:
    sessions, spec, folder = stored
    run_inline(FINETUNE, spec, sessions, context(sessions))
    with sessions() as session:
        row = session.get_one(Experiment, spec.experiment_id)
        store = ArrayStore(session)
        result = FineTuneResult.model_validate(row.result)
        files = {one: tensors_of(store.get(row.id, DELTA_FILE.format(condition=one)).tobytes())
                 for one in ("set", "random")}  # fmt: skip
        assert store.names(row.id, "part/") == []
    ours, random = result.conditions
    assert (ours.condition, random.condition) == ("set", "random")
    assert ours.neurons == random.neurons == 4
    assert ours.parameters == 4 * 32
    assert len(ours.loss) == 10
    assert ours.loss[-1] < ours.loss[0]
    assert ours.change > 0
    assert torch.equal(files["set"]["layer.2.neurons"], torch.tensor([1, 40], dtype=torch.int32))
    drawn = set(files["random"]["layer.0.neurons"].tolist())
    assert len(drawn) == 2
    assert not drawn & {3, 9}

    model = load(str(folder), device="cpu")
    layers = (0, 2)
    delta = Delta(
        {layer: files["set"][f"layer.{layer}.neurons"].long() for layer in layers},
        {layer: files["set"][f"layer.{layer}.value_vectors"] for layer in layers},
        {},
    )
    held_out = tokenise(model, texts(context(sessions), spec, "nl", held_out=True))
    with applied(model, delta):
        losses = sentence_losses(model, held_out, 128)
    measured = next(one for one in ours.languages if one.language == "nl")
    assert measured.after == pytest.approx(float(losses.sums.sum() / losses.tokens.sum()), rel=1e-4)
    assert measured.low <= measured.after - measured.before <= measured.high


def test_no_translation_of_a_held_out_sentence_is_trained_on(
    stored: tuple[sessionmaker[Session], FineTuneSpec, Path],
) -> None:
    sessions, spec, _ = stored
    here = context(sessions)
    wide = spec.model_copy(update={"train_sentences": 10_000, "test_sentences": 10_000})
    kept = {code: texts(here, wide, code, held_out=True) for code in ("en", "nl", "ja")}
    assert len({len(found) for found in kept.values()}) == 1
    assert not set(kept["nl"]) & set(texts(here, wide, "nl", held_out=False))
    with pytest.raises(BadInput, match="0 held-out"):
        texts(here, wide, "ko", held_out=True)
