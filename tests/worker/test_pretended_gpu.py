"""Every kind of work for a GPU: what it computes on is in one place, and what leaves it is brought back first."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from sqlalchemy import select

from app.contracts.ids import new_id
from app.contracts.jobs import PRESETS
from app.db.session import utc_now
from app.db.tables import Array, Experiment
from app.jobs import InlineContext, run_inline
from app.runs.service import queue_run
from app.settings import Settings
from tests.support.killed_experiments import KINDS, Ground, grounded, queued
from tests.support.pretend_gpu import pretend_gpu
from worker.analyses import ANALYSES
from worker.analyses.scan import SCAN

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gpu")


@pytest.fixture(scope="module")
def ground(folder: Path) -> Iterator[Ground]:
    with pretend_gpu():
        opened = grounded(f"sqlite:///{folder / 'gpu.db'}", folder, device="cuda")
        made = opened.__enter__()
    yield made
    opened.__exit__(None, None, None)


def test_the_pretence_refuses_what_a_gpu_refuses() -> None:
    with pretend_gpu():
        there, here = torch.ones(3, device="cuda"), torch.ones(3)
        assert (there.device.type, here.device.type, (2 * there).device.type) == ("cuda", "cpu", "cuda")
        with pytest.raises(RuntimeError, match="same device"):
            there + here
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        assert (there + here.to("cuda")).cpu().numpy().tolist() == [2, 2, 2]
        here[:] = there  # a copy may cross
        assert torch.empty(2, device="meta").is_meta


def test_a_scan_in_both_presets(ground: Ground, folder: Path) -> None:
    spec = ground.run.model_copy(update={"run_id": new_id(), "settings": PRESETS["paper"]})
    with ground.sessions.begin() as session:
        queue_run(session, ground.queue, spec, "paper", seconds=None, now=utc_now())
    settings = Settings(device="cuda", data_dir=folder)
    with pretend_gpu():
        run_inline(SCAN, spec, ground.sessions, InlineContext(settings, ground.sessions, lambda *_: None))
    for run in (ground.run.run_id, spec.run_id):
        with ground.sessions() as session:
            assert len(session.scalars(select(Array.name).where(Array.owner == run)).all()) > 100


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_experiment(ground: Ground, folder: Path, kind: str) -> None:
    spec = KINDS[kind](ground)
    settings = Settings(device="cuda", data_dir=folder, task_root=folder / "tasks")
    queued(ground, spec)
    with pretend_gpu():
        run_inline(ANALYSES[kind], spec, ground.sessions, InlineContext(settings, ground.sessions, lambda *_: None))
    with ground.sessions() as session:
        assert session.get_one(Experiment, spec.experiment_id).result
