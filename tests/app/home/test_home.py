"""The first page, health, the list of the API, and the first start."""

from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.db.session import utc_now
from app.db.tables import WorkerLease
from app.demo import add_demo
from app.jobs.queue import JobQueue


def lease(state: str = "live", seconds_ago: float = 0.0, device: str = "cpu") -> WorkerLease:
    now = utc_now()
    return WorkerLease(
        executor=f"{device}-{state}-{seconds_ago}",
        host="lab",
        device=device,
        pid=1,
        state=state,
        started=now,
        beat=now - timedelta(seconds=seconds_ago),
    )


def test_an_empty_home_says_how_to_begin(reader: TestClient) -> None:
    page = reader.get("/").text
    for place in ("/models#add", "/corpora/new", "/runs/new"):
        assert f'href="{place}"' in page
    assert "babelscope worker" in page


def test_home_shows_the_newest_runs(client: TestClient, finished: str) -> None:
    page = client.get("/").text
    assert f'href="/runs/{finished}/map"' in page
    assert "1 model" in page


def test_health_without_a_worker_is_degraded_but_up(client: TestClient) -> None:
    for place in ("/healthz", "/api/health"):
        answer = client.get(place)
        assert answer.status_code == 200
        assert answer.json()["status"] == "degraded"
        assert (answer.json()["database"], answer.json()["worker"]) == ("up", "down")


def test_health_counts_only_workers_that_beat(client: TestClient, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add_all([lease(), lease(device="cuda:0"), lease("dead"), lease("live", 600), lease("gone")])
    health = client.get("/healthz").json()
    assert (health["status"], health["worker"], health["workers"]) == ("ok", "up", 2)
    page = client.get("/about").text
    assert "2 workers · cpu, cuda:0" in page
    assert "lab" in page


def test_health_tells_old_tables(client: TestClient, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("DELETE FROM alembic_version"))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["migrations"]) == ("up", "down")


def test_the_list_of_the_api_is_that_of_openapi(reader: TestClient) -> None:
    schema = reader.get("/api/openapi.json").json()
    page = reader.get("/api").text
    assert len(schema["paths"]) > 12
    for path in schema["paths"]:
        assert path in page


def test_every_address_of_the_api_says_what_it_answers(reader: TestClient) -> None:
    schema = reader.get("/api/openapi.json").json()
    for path, methods in schema["paths"].items():
        for method, entry in methods.items():
            assert entry.get("description"), f"{method} {path} has no description"
            good = [answer for code, answer in entry["responses"].items() if code.startswith("2")]
            assert good, f"{method} {path} has no answer"
            if "204" in entry["responses"]:
                continue
            for answer in good:
                assert answer.get("content"), f"{method} {path} does not say what it answers"
                for content in answer["content"].values():
                    assert content["schema"] != {}, f"{method} {path} does not say what it answers"


def test_there_are_no_foreign_documentation_pages(reader: TestClient) -> None:
    assert reader.get("/docs").status_code == 404
    assert reader.get("/redoc").status_code == 404


def demo_folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "corpus").mkdir()
    for code, lines in {"en": "One.\nTwo.\n", "ja": "一。\n二。\n", "nl": "Een.\nTwee.\n"}.items():
        (tmp_path / "corpus" / f"{code}.txt").write_text(lines, "utf-8")
    return tmp_path


def test_the_first_start_queues_one_scan_of_the_demo_and_later_ones_nothing(
    client: TestClient, queue: JobQueue, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    folder = demo_folder(tmp_path)
    with sessions.begin() as session:
        assert add_demo(session, queue, folder, utc_now()) is not None
    with sessions.begin() as session:
        assert add_demo(session, queue, folder, utc_now()) is None
    (run,) = client.get("/api/runs").json()
    assert (run["status"], run["spec"]["pivot"], run["spec"]["languages"]) == ("queued", "en", ["ja", "nl"])
    assert [job["kind"] for job in client.get("/api/jobs").json()] == ["scan", "inspect"]
    page = client.get("/").text
    assert "Under way" in page
    assert f"/jobs/{run['job']}/events" in page
