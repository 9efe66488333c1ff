"""One small experiment of every kind, for real workers that are killed in the middle of it."""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.comparisons import CompareSpec
from app.contracts.evaluations import EvaluateSpec, OwnTop, PromptStyle
from app.contracts.families import FamiliesSpec
from app.contracts.finetuning import FineTuneSpec
from app.contracts.geometry import GeometrySpec
from app.contracts.harness import HarnessSpec
from app.contracts.ids import new_id
from app.contracts.interventions import Controls, Sampling
from app.contracts.jobs import ScanSpec
from app.contracts.lens import LensSpec
from app.contracts.sets import PickedOrigin
from app.contracts.specificity import SpecificitySpec
from app.contracts.sweeps import DoseSpec, ListedPrompt, MatrixSpec, PromptsSpec
from app.db.migrate import upgrade
from app.db.questions import store_questions
from app.db.session import make_engine, make_sessions, utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Array, EvaluationItem, Experiment, ExperimentSet, Job, Model, Run
from app.jobs import InlineContext, JobQueue, run_inline
from app.offline import Request, prepare
from app.settings import Settings
from app.text.questions import read_questions
from app.text.readers.reading import CorpusFile
from tests.support.deaths import Outcome, begun_again, kill_workers, seconds_taken, supervisor
from tests.support.own_task import NAME, write_task
from tests.support.small_corpus import parallel_lines, write_corpus
from tests.worker.tiny_models import make_tiny
from worker.analyses.scan import SCAN
from worker.model.loading import load

TIMES = frozenset({"seconds", "tokens_per_second"})  # what no two runs have in common
PICKED = np.array([[0, 3], [0, 7], [1, 1], [1, 30], [2, 40], [3, 5]], np.int32)


@dataclass(frozen=True)
class Ground:
    """A finished scan of a tiny model, with a set and questions, in a database that a supervisor works on."""

    url: str
    sessions: sessionmaker[Session]
    queue: JobQueue
    run: ScanSpec
    set_id: str
    questions_id: str

    @property
    def of_run(self) -> dict[str, Any]:
        """What experiments on a run have in common."""
        return {"experiment_id": new_id(), "model_id": self.run.model_id, "run_id": self.run.run_id}

    @property
    def of_set(self) -> dict[str, Any]:
        """What experiments on a set have in common."""
        return {"experiment_id": new_id(), "model_id": self.run.model_id, "set_id": self.set_id}

    @property
    def sweep(self) -> dict[str, Any]:
        """What the sweeps over languages have in common."""
        short = {"prompts": 8, "sentences": 8, "max_new_tokens": 16, "block": 2}
        return {**self.of_run, "corpus_id": self.run.corpus_id, "languages": self.run.languages, **short}


def _evaluate(on: Ground) -> EvaluateSpec:
    return EvaluateSpec(
        experiment_id=new_id(), model_id=on.run.model_id, question_set_id=on.questions_id, languages=("en", "nl", "ja"),
        top=OwnTop(run_id=on.run.run_id, type=1, count=5), style=PromptStyle(cues={"*": "Answer:"}),
        controls=Controls(draws=2), max_new_tokens=16, first_line=False, block=2,
    )  # fmt: skip


def _prompts(on: Ground) -> PromptsSpec:
    lines = [ListedPrompt(text=line, target=code) for code, found in parallel_lines().items() for line in found[:8]]
    return PromptsSpec(**on.of_set, prompts=tuple(lines), max_new_tokens=24, block=2)


KINDS: dict[str, Callable[[Ground], Any]] = {
    "geometry": lambda on: GeometrySpec(**on.of_run, top=6, draws=10, sentences=24, block_sentences=4),
    "specificity": lambda on: SpecificitySpec(**on.of_run, tops=(3, 20), sentences=24, block_sentences=4),
    "families": lambda on: FamiliesSpec(**on.of_run, top=20, permutations=100_000),
    "evaluate": _evaluate,
    "harness": lambda on: HarnessSpec(**on.of_set, tasks=(NAME,), controls=Controls(draws=4)),
    "lens": lambda on: LensSpec(**on.of_run, set_id=on.set_id, prompts=tuple(parallel_lines()["nl"]), block_prompts=2),
    "finetune": lambda on: FineTuneSpec(
        **on.of_set, corpus_id=on.run.corpus_id, language="nl", languages=("en", "nl", "ja"), steps=200
    ),
    "dose": lambda on: DoseSpec(**on.sweep, doses=(0, 3, 10)),
    "matrix": lambda on: MatrixSpec(**on.sweep, ablated=on.run.languages, top=5),
    "prompts": _prompts,
    "compare": lambda on: CompareSpec(
        **on.of_set, prompt="The cat", controls=Controls(draws=3), sampling=Sampling(max_new_tokens=200)
    ),
}


@contextmanager
def grounded(url: str, folder: Path, device: str = "cpu") -> Iterator[Ground]:
    """A database with everything experiments ask for; the scan was made on `device`."""
    model, corpus = folder / "model", folder / "corpus"
    if not model.exists():
        make_tiny("llama", model, layers=4, max_position_embeddings=256)
        write_corpus(corpus)
        write_task(folder, parallel_lines()["en"])
    upgrade(url)
    engine = make_engine(url)
    sessions, queue = make_sessions(engine), JobQueue(engine)
    run_id = prepare(sessions, Request(str(model), None, corpus, "nway", ("nl", "ja"), "en", "corrected", ()))
    with sessions() as session:
        spec = ScanSpec.model_validate(session.get_one(Run, run_id).spec)
    settings = Settings(device=device, data_dir=folder)
    run_inline(SCAN, spec, sessions, InlineContext(settings, sessions, lambda *_: None))
    card = load(str(model), device=device).card().model_dump(mode="json")
    with sessions.begin() as session:
        row = session.get_one(Model, spec.model_id)
        row.card = card
        chosen = store_set(session, row, NewSet("six", PICKED, PickedOrigin()), utc_now())
        asked = store_questions(session, read_questions(_questions()), "small", utc_now())
        ground = Ground(url, sessions, queue, spec, chosen.id, asked.id)
    yield ground
    engine.dispose()


@contextmanager
def experimenting(url: str, folder: Path) -> Iterator[Ground]:
    """A database with everything experiments ask for, and workers on it."""
    with grounded(url, folder) as ground, supervisor(url, TASK_ROOT=folder / "tasks", DATA_DIR=folder):
        yield ground


def _questions() -> list[CorpusFile]:
    files = []
    for code, lines in parallel_lines().items():
        rows = [json.dumps({"question": line, "answer": line[:3]}) for line in lines[:12]]
        files.append(CorpusFile(f"{code}.jsonl", "\n".join(rows).encode()))
    return files


def experiment_with_kills(ground: Ground, kind: str, kills: int, seed: int, usual: float | None = None) -> Outcome:
    """Queue an experiment, kill its worker `kills` times while it computes pieces, and wait for the end."""
    spec = KINDS[kind](ground)
    job_id = queued(ground, spec)
    done = kill_workers(ground.sessions, job_id, kills, random.Random(seed), usual)
    with ground.sessions() as session:
        job = session.get_one(Job, job_id)
        return Outcome(
            status=job.status,
            error=job.error,
            kills=done,
            begun_again=begun_again(session, job_id),
            numbers=_numbers(session, spec.experiment_id),
            seconds=seconds_taken(job),
        )


def queued(ground: Ground, spec: Any) -> str:
    """Store an experiment of this spec and queue it; its job."""
    with ground.sessions.begin() as session:
        job_id = ground.queue.enqueue(
            session, spec, title=spec.kind, subject=spec.experiment_id, interactive=spec.kind == "compare"
        )
        session.add(
            Experiment(
                id=spec.experiment_id, kind=spec.kind, name=spec.kind, model_id=spec.model_id, run_id=None,
                job_id=job_id, spec=spec.model_dump(mode="json"), status="queued", created=utc_now(),
            )
        )  # fmt: skip
        session.flush()
        if getattr(spec, "set_id", None):
            session.add(ExperimentSet(experiment_id=spec.experiment_id, set_id=spec.set_id))
    return job_id


def _numbers(session: Session, experiment_id: str) -> dict[str, str]:
    """Hashes of the result by field, of the arrays by name, and of the answers by place."""
    result = session.get_one(Experiment, experiment_id).result or {}
    found = {f"result {name}": _hash(value) for name, value in _timeless(result).items()}
    arrays = session.execute(select(Array.name, Array.hash).where(Array.owner == experiment_id))
    found |= {row[0]: row[1] for row in arrays}
    items = session.scalars(select(EvaluationItem).where(EvaluationItem.experiment_id == experiment_id))
    return found | {f"{item.part} {item.number}": _hash(item.data) for item in items}


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(one) for name, one in value.items() if name not in TIMES}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
