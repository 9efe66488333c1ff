"""Jobs on a real worker: stages in order, failures as sentences, cancelling, who goes first."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from app.db.arrays import ArrayStore
from app.db.tables import Model
from app.errors import Conflict
from app.jobs.engine_tables import engine_tables
from tests.support.toy_workers import Workers, until
from tests.support.toys import toy


def test_stages_follow_each_other_and_tell_how_far_they_are(one_worker: Workers) -> None:
    job_id = one_worker.put(run_id="sum", pieces=5)
    job = one_worker.ended(job_id)
    assert (job.status, job.error, job.done, job.total, job.stage) == ("complete", None, 6, 6, "Adding numbers")
    assert job.started is not None
    assert job.finished is not None
    assert job.created <= job.started <= job.finished
    with one_worker.sessions() as session:
        np.testing.assert_array_equal(ArrayStore(session).get("sum", "sum"), [10])
        assert ArrayStore(session).names("sum") == ["sum"]
    assert one_worker.stored("sum") == [0, 1, 2, 3, 4]


def test_events_are_numbered_without_gaps_and_can_be_resumed(one_worker: Workers) -> None:
    job_id = one_worker.put(run_id="events", pieces=3, seconds=0.7)
    one_worker.ended(job_id)
    events = one_worker.events(job_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    statuses = [event.data["status"] for event in events if event.kind == "status"]
    assert statuses == ["queued", "running", "complete"]
    progress = [event.data for event in events if event.kind == "progress"]
    assert {"stage": "Writing numbers", "done": 3, "total": 3, "note": ""} in progress
    assert any(0 < data["done"] < 1 and data["note"] == "counting" for data in progress)
    done = [data["done"] for data in progress]
    assert done == sorted(done)
    with one_worker.sessions() as session:
        later = one_worker.queue.events(session, job_id, after=4, limit=2)
        assert [event.seq for event in later] == [5, 6]


def test_an_error_on_purpose_is_the_user_s_sentence(one_worker: Workers) -> None:
    job = one_worker.ended(one_worker.put("fail", run_id="fail", pieces=30))
    assert (job.status, job.error) == ("failed", "The number 2 cannot be summed.")
    assert one_worker.stored("fail") == [0, 1]
    with one_worker.sessions() as session:
        status = engine_tables(session).status
        mine = status.c.parent_workflow_id == job.id
        assert session.scalar(select(func.count()).where(mine, status.c.status == "CANCELLED")) == 27


def test_any_other_error_is_named_and_left_to_the_log(one_worker: Workers) -> None:
    job = one_worker.ended(one_worker.put("crash", run_id="crash"))
    assert job.status == "failed"
    assert job.error == (
        f"Something unexpected happened (KeyError). The worker's log has the details under job {job.id}."
    )


def test_a_plan_that_fails_ends_the_job(one_worker: Workers) -> None:
    job = one_worker.ended(one_worker.put("bad plan", run_id="bad-plan"))
    assert (job.status, job.error, job.total) == ("failed", "There is nothing to sum.", 0)


def test_a_commit_that_fails_stores_nothing_of_itself(one_worker: Workers) -> None:
    job = one_worker.ended(one_worker.put("bad commit", run_id="bad-commit"))
    assert (job.status, job.error, job.done) == ("failed", "The number 1 cannot be stored.", 1)
    with one_worker.sessions() as session:
        assert session.scalars(select(Model.name).where(Model.name.startswith("bad-commit"))).all() == ["bad-commit 0"]


def test_warnings_are_told(one_worker: Workers) -> None:
    job = one_worker.ended(one_worker.put("warn", run_id="warn", pieces=1))
    warnings = [event.data for event in one_worker.events(job.id) if event.kind == "warning"]
    assert warnings == [{"message": "The number 0 is odd."}]


def test_a_failed_job_can_be_tried_again(one_worker: Workers) -> None:
    first = one_worker.ended(one_worker.put("fail", run_id="again", pieces=3))
    with one_worker.sessions.begin() as session:
        second = one_worker.queue.retry(session, first.id)
    assert one_worker.ended(second).error == first.error


def test_cancelling_stops_the_piece_in_hand_and_frees_the_device(one_worker: Workers) -> None:
    job_id = one_worker.put(run_id="cancel", pieces=3, seconds=1000)
    one_worker.started(job_id)
    with one_worker.sessions.begin() as session:
        one_worker.queue.cancel(session, job_id)
    assert one_worker.ended(one_worker.put(run_id="next")).status == "complete"
    job = one_worker.job(job_id)
    assert (job.status, job.error) == ("cancelled", None)
    assert one_worker.stored("cancel") == []


def test_a_piece_that_never_checks_cannot_store_after_the_cancelling(one_worker: Workers) -> None:
    job_id = one_worker.put("deaf", run_id="deaf", pieces=1, seconds=1)
    one_worker.started(job_id)
    with one_worker.sessions.begin() as session:
        one_worker.queue.cancel(session, job_id)
    assert one_worker.ended(one_worker.put(run_id="after-deaf", pieces=1)).status == "complete"
    assert one_worker.stored("deaf") == []


def test_who_waits_goes_before_who_scans(one_worker: Workers, tmp_path: Path) -> None:
    log = tmp_path / "log"
    scan = one_worker.put(run_id="long", pieces=2, seconds=1000, log=str(log))
    until(log.exists)
    waiting = one_worker.put(run_id="waiting", pieces=2, seconds=0.1, log=str(log), interactive=True)
    assert one_worker.ended(waiting).status == "complete"
    assert one_worker.job(scan).status == "running"  # its first piece stepped aside and goes on
    with one_worker.sessions.begin() as session:
        one_worker.queue.cancel(session, scan)
    runs = [line.split()[1] for line in log.read_text().splitlines()]
    assert runs == ["long", *["waiting"] * 4]


def test_a_job_that_is_stopped_completes_with_what_it_has(one_worker: Workers) -> None:
    job_id = one_worker.put("speak", run_id="speech", pieces=1, seconds=1000, interactive=True)
    until(lambda: any(event.kind == "token" for event in one_worker.events(job_id)))
    for _ in range(2):  # impatient users stop twice
        with one_worker.sessions.begin() as session:
            one_worker.queue.stop(session, job_id)
    assert one_worker.ended(job_id).status == "complete"
    assert one_worker.stored("speech") == [0]
    events = one_worker.events(job_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    written = [event.data for event in events if event.kind == "token"]
    assert written == [{"attempt": 1, "step": step} for step in range(len(written))]
    with pytest.raises(Conflict, match="is complete already"), one_worker.sessions.begin() as session:
        one_worker.queue.stop(session, job_id)


def test_stopping_what_has_not_begun_cancels_it(one_worker: Workers) -> None:
    with one_worker.sessions.begin() as session:
        spec = toy("speak", run_id="never")
        job_id = one_worker.queue.enqueue(session, spec, title="never", subject=spec.run_id)
        one_worker.queue.stop(session, job_id)
    assert one_worker.job(job_id).status == "cancelled"


def test_earlier_jobs_are_finished_before_later_ones_begin(one_worker: Workers, tmp_path: Path) -> None:
    log = tmp_path / "log"
    blocker = one_worker.put(run_id="blocker", pieces=1, seconds=1.5)
    one_worker.started(blocker)
    jobs = [one_worker.put(run_id=f"order-{number}", pieces=3, log=str(log)) for number in range(2)]
    with one_worker.sessions() as session:
        status = engine_tables(session).status
        priorities = {session.scalar(select(status.c.priority).where(status.c.workflow_uuid == job)) for job in jobs}
    for job in jobs:
        assert one_worker.ended(job).status == "complete"
    if len(priorities) == 2:  # jobs of the same second may mix
        runs = [line.split()[1] for line in log.read_text().splitlines()]
        assert runs == sorted(runs)


def test_what_the_engine_keeps_is_json(one_worker: Workers) -> None:
    one_worker.ended(one_worker.put(run_id="json", pieces=1))
    prefix = "" if one_worker.url.startswith("sqlite") else "dbos."
    with one_worker.engine.connect() as connection:
        for table in ("workflow_status", "operation_outputs"):
            kinds = connection.exec_driver_sql(f"SELECT DISTINCT serialization FROM {prefix}{table}").scalars()
            assert set(kinds) <= {"portable_json", None}


def test_many_queued_jobs_do_not_keep_a_waiting_user_out(one_worker: Workers) -> None:
    blocker = one_worker.put(run_id="first", pieces=1, seconds=1000)
    one_worker.started(blocker)
    queued = [one_worker.put(run_id=f"queued-{number}", pieces=1) for number in range(20)]
    assert one_worker.ended(one_worker.put(run_id="user", pieces=1, interactive=True)).status == "complete"
    assert {one_worker.job(job_id).status for job_id in queued} == {"queued"}
    with one_worker.sessions.begin() as session:
        one_worker.queue.cancel(session, blocker)
    assert {one_worker.ended(job_id).status for job_id in queued} == {"complete"}
