"""Workers that are killed, frozen, starved of their database or stopped: nothing is lost, nothing is stored twice."""

import os
import random
import signal
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from app.db.arrays import ArrayStore
from app.db.tables import Job
from app.jobs.engine_tables import engine_tables
from tests.support.toy_workers import Workers, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def assert_summed_once(workers: Workers, job_id: str, run_id: str, pieces: int) -> None:
    """The job is complete, each number was stored exactly once, and the log has no gap."""
    job = workers.job(job_id)
    assert (job.status, job.error, job.done, job.total) == ("complete", None, pieces + 1, pieces + 1)
    assert workers.stored(run_id) == list(range(pieces))
    with workers.sessions() as session:
        np.testing.assert_array_equal(ArrayStore(session).get(run_id, "sum"), [pieces * (pieces - 1) // 2])
    events = workers.events(job_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    done = [event.data["done"] for event in events if event.kind == "progress" and not event.data["note"]]
    assert done == sorted(done)


def seen_to_end(workers: Workers, count: int) -> bool:
    """Whether the supervisor has seen so many workers end."""
    return len(workers.leases("gone")) >= count


def freeze(workers: Workers, *processes: int) -> None:
    """Freeze processes in a moment in which none of them can hold a lock, for no file system takes it from them."""
    with workers.sessions() as session:
        session.execute(update(Job).values(estimate=0))
        for process in processes:
            os.kill(process, signal.SIGSTOP)


def begun(log: Path) -> list[str]:
    """The numbers that were begun, as often as they were."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split()[4] for line in lines if line.split()[3] == "begin"]


def test_killed_at_any_moment_a_worker_is_replaced_and_the_job_goes_on(workers: Workers, tmp_path: Path) -> None:
    chance = random.Random(7)
    workers.start()
    log = tmp_path / "log"
    job_id = workers.put(run_id="kills", pieces=8, seconds=0.2, log=str(log))
    kills = 3
    for kill in range(kills):
        pid = workers.worker()
        time.sleep(chance.uniform(0, 0.8))
        os.kill(pid, signal.SIGKILL)
        until(partial(seen_to_end, workers, kill + 1))
    workers.ended(job_id)
    assert_summed_once(workers, job_id, "kills", 8)
    assert len(begun(log)) <= 8 + kills  # only what was in hand began again
    assert [lease.state for lease in workers.leases("gone", "live")] == ["gone"] * kills + ["live"]


def test_a_dead_machine_s_work_goes_on_elsewhere(workers: Workers) -> None:
    first = workers.start("first")
    pid = workers.worker("first")
    job_id = workers.put(run_id="machine", pieces=6, seconds=0.3)
    until(lambda: workers.job(job_id).done > 0)
    first.kill()
    os.kill(pid, signal.SIGKILL)
    first.wait()
    workers.start("second")
    workers.ended(job_id)
    assert_summed_once(workers, job_id, "machine", 6)
    assert [lease.state for lease in workers.leases("dead", host="first")] == ["dead"]


def test_a_frozen_machine_that_comes_back_can_do_no_harm(workers: Workers) -> None:
    frozen = workers.start("frozen")
    pid = workers.worker("frozen")
    job_id = workers.put(run_id="zombie", pieces=4, seconds=0.6)
    until(lambda: workers.job(job_id).done > 0)
    freeze(workers, frozen.pid, pid)
    workers.start("healthy")
    workers.ended(job_id)
    os.kill(pid, signal.SIGCONT)
    frozen.send_signal(signal.SIGCONT)
    until(lambda: workers.leases("live", host="frozen") != [])  # replaced, under a new name
    assert workers.worker("frozen") != pid
    assert_summed_once(workers, job_id, "zombie", 4)
    again = workers.put(run_id="afterwards", pieces=4)
    workers.ended(again)
    assert_summed_once(workers, again, "afterwards", 4)


def test_a_worker_whose_supervisor_was_only_frozen_is_replaced(workers: Workers) -> None:
    """Its child lives, and may take more under a name that is dead: that is looked at again."""
    frozen = workers.start("frozen")
    workers.worker("frozen")
    job_id = workers.put(run_id="half", pieces=8, seconds=0.5)
    until(lambda: workers.job(job_id).done > 0)
    freeze(workers, frozen.pid)
    workers.start("healthy")
    until(lambda: workers.leases("dead", host="frozen") != [])
    workers.ended(job_id)
    frozen.send_signal(signal.SIGCONT)
    assert_summed_once(workers, job_id, "half", 8)


def test_a_piece_that_kills_its_worker_again_and_again_fails_the_job(workers: Workers, tmp_path: Path) -> None:
    workers.start()
    log = tmp_path / "log"
    job = workers.ended(workers.put("poison", run_id="poison", pieces=3, log=str(log)))
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.startswith("The worker died again and again on one piece of this job")
    assert begun(log).count("1") == 6
    after = workers.put(run_id="innocent", pieces=2)
    workers.ended(after)
    assert_summed_once(workers, after, "innocent", 2)


def test_a_stop_lets_the_piece_in_hand_end_and_leaves_the_rest_queued(workers: Workers, tmp_path: Path) -> None:
    supervisor = workers.start()
    log = tmp_path / "log"
    job_id = workers.put(run_id="drain", pieces=3, seconds=1.0, log=str(log))
    until(lambda: begun(log) == ["0"])
    supervisor.terminate()
    assert supervisor.wait(30) == 0
    assert workers.stored("drain") == [0]
    assert begun(log) == ["0"]
    assert [lease.state for lease in workers.leases("live", "starting", "dead")] == []
    with workers.sessions() as session:
        status = engine_tables(session).status
        left = session.scalars(select(status.c.status).where(status.c.parent_workflow_id == job_id)).all()
        assert sorted(left) == ["ENQUEUED", "ENQUEUED", "SUCCESS"]
    workers.start()
    workers.ended(job_id)
    assert_summed_once(workers, job_id, "drain", 3)


def test_two_devices_share_a_job(workers: Workers, tmp_path: Path) -> None:
    workers.start(device="one,two")
    until(lambda: len(workers.leases("live")) == 2)
    log = tmp_path / "log"
    job_id = workers.put(run_id="two", pieces=8, seconds=0.3, log=str(log))
    workers.ended(job_id)
    assert_summed_once(workers, job_id, "two", 8)
    assert {lease.device for lease in workers.leases("live")} == {"one", "two"}
    assert len({line.split()[2] for line in log.read_text().splitlines()}) == 2
