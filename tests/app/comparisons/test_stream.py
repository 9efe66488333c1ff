"""A comparison that runs: its log folded into columns, its stream, another attempt, leaving and stopping."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.comparisons import stream
from app.db.tables import Job
from app.jobs.queue import JobQueue
from tests.app.comparisons.test_form import asked
from tests.app.comparisons.test_result import words
from tests.support import written


@pytest.fixture
def running(client: TestClient, finished: str) -> str:
    """A queued comparison."""
    location: str = client.post("/comparisons", data=asked(finished)).headers["location"]
    return location.split("/")[2]


def lines(client: TestClient, address: str, headers: dict[str, str] | None = None) -> Iterator[str]:
    with client.stream("GET", address, headers=headers or {}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield from answer.iter_lines()


def cancel(sessions: sessionmaker[Session], queue: JobQueue, comparison: str) -> None:
    with sessions.begin() as session:
        queue.cancel(session, written.job_of(session, comparison))


def test_the_page_tells_the_place_in_the_line(client: TestClient, running: str, finished: str) -> None:
    assert "Next in line" in words(client.get(f"/comparisons/{running}").text)
    later = client.post("/comparisons", data=asked(finished, leave="stop")).headers["location"]
    assert later.endswith("?leave=stop")
    text = client.get(later).text
    assert "2nd in line" in words(text)
    assert "leave=stop" in text
    assert "stops when you leave the page" in text


def test_the_page_has_what_was_written_and_goes_on_from_there(
    client: TestClient, running: str, sessions: sessionmaker[Session]
) -> None:
    written.begin(sessions, running)
    written.write(sessions, running, {"normal": "今日", "ablated": " <b>now", "control": "\u202e"})
    text = client.get(f"/comparisons/{running}").text
    assert '<div class="output" id="text-normal" dir="auto" aria-live="off">今日</div>' in text
    assert "&lt;b&gt;now" in text
    assert f'hx-sse:connect="/comparisons/{running}/events?after=3"' in text
    assert "Reload to see how far it is" in text


def test_a_stream_tells_only_what_is_new_and_says_done(
    client: TestClient, running: str, sessions: sessionmaker[Session], queue: JobQueue
) -> None:
    written.begin(sessions, running)
    for text in ("eins ", "zwei\n", "drei"):
        written.write(sessions, running, {"normal": text, "ablated": text.upper()})
    cancel(sessions, queue, running)
    whole = "\n".join(lines(client, f"/comparisons/{running}/events"))
    assert 'hx-target="#text-normal" hx-swap="beforeend">eins zwei' in whole
    assert whole.rstrip().endswith("data: done")
    rest = "\n".join(lines(client, f"/comparisons/{running}/events?after=1", {"Last-Event-ID": "4"}))
    assert 'hx-swap="beforeend">drei<' in rest
    assert "eins" not in rest
    assert 'hx-swap="innerHTML">3<' in rest  # three tokens in all
    assert client.get("/comparisons/none/events").status_code == 404


def test_another_attempt_empties_the_columns_and_says_so(
    client: TestClient, running: str, sessions: sessionmaker[Session], queue: JobQueue
) -> None:
    written.begin(sessions, running)
    written.write(sessions, running, {"normal": "lost"})
    written.begin(sessions, running, attempt=2)
    written.write(sessions, running, {"normal": "stale"}, attempt=1)
    written.write(sessions, running, {"normal": "kept"}, attempt=2)
    text = client.get(f"/comparisons/{running}").text
    assert "this is attempt 2" in words(text)
    assert ">kept</div>" in text
    assert "lost" not in text.split('id="text-normal"')[1][:80]
    cancel(sessions, queue, running)
    rest = "\n".join(lines(client, f"/comparisons/{running}/events?after=3"))
    assert '<hx-partial hx-target="#text-normal" hx-swap="innerHTML"></hx-partial>' in rest
    assert rest.index('hx-swap="innerHTML"></hx-partial>') < rest.index(">kept<")
    assert "stale" not in rest
    assert "attempt 2" in rest


def test_tokens_reach_the_reader_soon_after_they_are_written(
    client: TestClient, running: str, sessions: sessionmaker[Session], queue: JobQueue
) -> None:
    written.begin(sessions, running)

    def work() -> None:
        for number in range(5):
            time.sleep(0.1)
            written.write(sessions, running, {"normal": f"<{number}>"})
        cancel(sessions, queue, running)

    worker = threading.Thread(target=work)
    worker.start()
    body = "\n".join(lines(client, f"/comparisons/{running}/events"))
    worker.join()
    assert [body.count(f"&lt;{number}&gt;") for number in range(5)] == [1] * 5
    assert body.count('hx-target="#text-normal"') > 1  # not all at the end


def test_a_failed_comparison_says_why_and_offers_what_next(
    client: TestClient, running: str, sessions: sessionmaker[Session], queue: JobQueue
) -> None:
    cancel(sessions, queue, running)
    text = client.get(f"/comparisons/{running}").text
    assert "This comparison was cancelled." in words(text)
    assert f"/comparisons/new?like={running}" in text
    assert client.post(f"/comparisons/{running}/retry").status_code == 303
    assert "Next in line" in words(client.get(f"/comparisons/{running}").text)
    assert client.post(f"/comparisons/{running}/delete").status_code == 409


def test_a_page_that_was_left_for_good_stops_its_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LEFT_SECONDS", 0.05)
    stopped: list[str] = []

    async def story() -> None:
        watchers = stream.Watchers()
        watchers.came("left")
        watchers.left("left", lambda: stopped.append("left"))
        watchers.came("back")
        watchers.left("back", lambda: stopped.append("back"))
        watchers.came("back")
        watchers.came("done")
        watchers.left("done", None)
        await asyncio.gather(*watchers.waiting)

    with ThreadPoolExecutor(1) as alone:  # a browser test of the same process keeps a loop running in this thread
        alone.submit(lambda: asyncio.run(story())).result()
    assert stopped == ["left"]


def test_a_stopped_comparison_that_had_not_begun_is_cancelled(
    client: TestClient, running: str, sessions: sessionmaker[Session]
) -> None:
    assert client.post(f"/comparisons/{running}/stop").headers["location"] == f"/comparisons/{running}"
    with sessions() as session:
        assert session.get_one(Job, written.job_of(session, running)).status == "cancelled"


def test_stopping_is_a_wish_that_the_page_tells(
    client: TestClient, running: str, sessions: sessionmaker[Session]
) -> None:
    written.begin(sessions, running)
    client.post(f"/comparisons/{running}/stop")
    assert "Stopping; what is written stays" in words(client.get(f"/comparisons/{running}").text)
    with sessions() as session:
        assert session.get_one(Job, written.job_of(session, running)).status == "running"
