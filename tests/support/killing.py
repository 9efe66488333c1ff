"""Jobs by real workers that are killed at random moments.

`python -m tests.support.killing --kills 20 [--url URL]` scans; `--what experiments` runs every kind of experiment, and
`--what evaluate,lens` those that are named. Without URL: a SQLite file and a Postgres server of its own, one after the
other. Prints what happened; exit 1 if a result differs from that of the undisturbed job, or if more than one piece was
begun again for a kill.
"""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from sqlalchemy import make_url, select

from app.contracts.ids import new_id
from app.contracts.jobs import ScanSpec
from app.db.migrate import upgrade
from app.db.session import make_engine, make_sessions, utc_now
from app.db.tables import Array, Job, Run
from app.jobs import JobQueue
from app.offline import Request, prepare
from app.runs.service import queue_run
from tests.support.deaths import Outcome, begun_again, both_databases, kill_workers, seconds_taken, supervisor
from tests.support.killed_experiments import KINDS, Ground, experiment_with_kills, experimenting
from tests.support.small_corpus import write_corpus
from tests.worker.tiny_models import make_tiny


def queue_scan(url: str, folder: Path) -> tuple[str, str]:
    """Store a tiny model and a small corpus, and queue their scan in shards of three sentences: run and job."""
    model, corpus = folder / "model", folder / "corpus"
    if not model.exists():
        make_tiny("llama", model, layers=4, max_position_embeddings=128)
        write_corpus(corpus)
    engine = make_engine(url)
    sessions, queue = make_sessions(engine), JobQueue(engine)
    with sessions.begin() as session:
        earlier = session.scalars(select(Run)).first()
        again = None if earlier is None else ScanSpec.model_validate(earlier.spec)
    if again is not None:  # the same scan once more, on the sentences that are stored already
        with sessions.begin() as session:
            spec = again.model_copy(update={"run_id": new_id()})
            run = queue_run(session, queue, spec, "scan again", seconds=None, now=utc_now())
            ids = run.id, run.job_id
        engine.dispose()
        return ids
    request = Request(str(model), None, corpus, "nway", ("nl", "ja"), "en", "corrected", ("shard_sentences=3",))
    prepared = prepare(sessions, request)
    with sessions.begin() as session:
        row = session.get_one(Run, prepared)
        spec = ScanSpec.model_validate(row.spec)
        session.delete(row)
        session.flush()
        run = queue_run(session, queue, spec, "scan", seconds=None, now=utc_now())
        found = run.id, run.job_id
    engine.dispose()
    return found


def scan_with_kills(url: str, folder: Path, kills: int, seed: int, usual: float | None = None) -> Outcome:
    """Queue a scan, kill its worker `kills` times while pieces are being worked on, and wait for the end."""
    upgrade(url)
    run_id, job_id = queue_scan(url, folder)
    engine = make_engine(url)
    sessions = make_sessions(engine)
    with supervisor(url):
        done = kill_workers(sessions, job_id, kills, random.Random(seed), usual)
    with sessions() as session:
        job = session.get_one(Job, job_id)
        rows = session.execute(select(Array.name, Array.hash).where(Array.owner == run_id)).all()
        outcome = Outcome(
            status=job.status,
            error=job.error,
            kills=done,
            begun_again=begun_again(session, job_id),
            numbers={row[0]: row[1] for row in rows},
            seconds=seconds_taken(job),
        )
    engine.dispose()
    return outcome


def report(what: str, calm: Outcome, wild: Outcome, kills: int, least: int) -> bool:
    """Compare an undisturbed job with one whose worker is killed; print it, and say whether all is well."""
    same = calm.numbers == wild.numbers and len(calm.numbers) >= least
    every = {*calm.numbers, *wild.numbers}
    differing = sorted(name for name in every if calm.numbers.get(name) != wild.numbers.get(name))
    told = "identical" if same else f"DIFFERENT: {', '.join(differing[:5]) or 'too few'}"
    sys.stdout.write(
        f"{what}: {wild.kills} kills, {wild.status} after {wild.seconds:.0f} s (undisturbed {calm.seconds:.0f} s), "
        f"{wild.begun_again} pieces begun again, {len(wild.numbers)} numbers {told} {wild.error or ''}\n"
    )
    sys.stdout.flush()
    ended = wild.status == calm.status == "complete"
    return same and ended and wild.begun_again <= wild.kills and wild.kills == kills


def report_scan(url: str, folder: Path, kills: int, seed: int) -> bool:
    """An undisturbed scan beside one whose worker is killed; both on the same database."""
    calm = scan_with_kills(url, folder, 0, seed)
    wild = scan_with_kills(url, folder, kills, seed, usual=calm.seconds)
    return report(f"{make_url(url).get_backend_name()} scan", calm, wild, kills, least=100)


def report_experiments(url: str, folder: Path, kinds: list[str], kills: int, seed: int) -> bool:
    """Every kind undisturbed and with kills, under one supervisor."""
    good = []
    with experimenting(url, folder) as ground:
        for kind in kinds:
            good.append(_report_experiment(ground, kind, kills, seed))
    return all(good)


def _report_experiment(ground: Ground, kind: str, kills: int, seed: int) -> bool:
    calm = experiment_with_kills(ground, kind, 0, seed)
    wild = experiment_with_kills(ground, kind, kills, seed, usual=calm.seconds)
    return report(f"{make_url(ground.url).get_backend_name()} {kind}", calm, wild, kills, least=1)


def main() -> int:
    """Run the reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url", default="")
    parser.add_argument("--what", default="scan", help=f"scan, experiments, or of {', '.join(KINDS)}")
    asked = parser.parse_args()
    kinds = list(KINDS) if asked.what == "experiments" else asked.what.split(",")
    if asked.what != "scan" and (unknown := [kind for kind in kinds if kind not in KINDS]):
        parser.error(f"there is no {unknown[0]}")
    folder = Path(tempfile.mkdtemp(prefix="babelscope-"))
    folder.chmod(0o755)

    def reported(url: str) -> bool:
        if asked.what == "scan":
            return report_scan(url, folder, asked.kills, asked.seed)
        return report_experiments(url, folder, kinds, asked.kills, asked.seed)

    try:
        if asked.url:
            return 0 if reported(asked.url) else 1
        with both_databases(folder) as urls:
            good = [reported(url) for url in urls]
        return 0 if all(good) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
