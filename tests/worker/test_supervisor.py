"""The supervisor itself: workers that cannot start, a database that goes away, devices by name."""

import subprocess
import sys
import threading
import time
from functools import partial
from itertools import pairwise

import pytest

from app.db.migrate import upgrade
from app.db.session import translated_errors
from app.errors import BadInput, Unavailable
from tests.conftest import address_in, address_of, running_postgres
from tests.support.toy_workers import Workers, until
from tests.worker.test_deaths import assert_summed_once
from worker.main import devices_of
from worker.supervisor import Supervisor


def test_a_worker_that_dies_at_its_start_is_tried_again_less_and_less_often(
    workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0

    def command(executor: str, device: str) -> list[str]:
        return [sys.executable, "-S", "-c", "raise SystemExit(3)"]

    supervisor = Supervisor(workers.engine, ["cpu"], command, "here", 1000, 90, clock=lambda: now)
    starts: list[float] = []
    while len(starts) < 5:
        supervisor._tick()
        process = supervisor.slots[0].process
        if process is not None:
            starts.append(now)
            process.wait()
        else:
            now += 0.5
    stop = threading.Event()
    stop.set()
    supervisor.run(stop, hurry=stop)
    pauses = [later - earlier for earlier, later in pairwise(starts)]
    assert pauses == [1, 2, 4, 8]
    assert "The worker on cpu ended 4 times before it had started." in caplog.text
    assert len(workers.leases("gone")) == 5


def test_devices_are_named_by_the_setting() -> None:
    assert devices_of("cuda:0, cuda:1") == ["cuda:0", "cuda:1"]
    for wrong in ("", ",", "cpu,cpu"):
        with pytest.raises(BadInput, match="DEVICE is"):
            devices_of(wrong)


def test_the_supervisor_never_imports_torch() -> None:
    code = "import sys, worker.main, worker.process; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_jobs_outlive_an_outage_of_the_database() -> None:
    with running_postgres() as server:
        url = address_of(address_in(server))
        upgrade(url)
        workers = Workers(url, lease_seconds=8)  # longer than a busy machine delays a beat
        workers.start("first")
        workers.start("second")
        pids = [workers.worker("first"), workers.worker("second")]
        job_id = workers.put(run_id="outage", pieces=12, seconds=0.4)
        until(lambda: workers.job(job_id).done > 0)
        server.stop()
        time.sleep(workers.lease_seconds + 1)
        server.start()
        until(partial(database_is_back, workers))
        workers.ended(job_id)
        assert_summed_once(workers, job_id, "outage", 12)
        assert [workers.worker("first"), workers.worker("second")] == pids  # nobody was taken for dead
        workers.end()


def database_is_back(workers: Workers) -> bool:
    try:
        with translated_errors():
            return workers.leases("live", host="first") != []
    except Unavailable:
        return False
