"""Errors as answers: the right form for the asker, the status, the way back."""

import sqlite3
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, OperationalError

from app import errors
from app.db.migrate import upgrade
from app.main import create_app
from app.settings import Settings
from app.web.deps import Db


def add(client: TestClient, path: str, failing: Callable[..., object]) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    app.get(path)(failing)


def raising(error: Exception) -> Callable[[], object]:
    def endpoint() -> object:
        raise error

    return endpoint


def test_a_page_that_is_not_there(reader: TestClient) -> None:
    answer = reader.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no page at /nowhere" in answer.text
    assert 'href="/"' in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_an_unknown_api_address_answers_json(reader: TestClient) -> None:
    answer = reader.get("/api/nowhere")
    assert answer.status_code == 404
    assert answer.json() == {
        "title": "Not found",
        "error": "There is no page at /api/nowhere. Start again from the home page.",
        "request_id": answer.headers["x-request-id"],
    }


def test_a_data_address_answers_json_too(reader: TestClient) -> None:
    assert reader.get("/runs/none/run.json").json()["error"].startswith("There is no run none")


def test_htmx_gets_a_notice_beside_the_page(reader: TestClient) -> None:
    answer = reader.get("/runs/none", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#toast"
    assert answer.headers["hx-push-url"] == "false"
    assert "<html" not in answer.text
    assert "There is no run none" in answer.text


def test_going_back_in_htmx_gets_the_whole_page(reader: TestClient) -> None:
    answer = reader.get("/runs/none", headers={"HX-Request": "true", "HX-Request-Type": "full"})
    assert "<html" in answer.text
    assert "hx-retarget" not in answer.headers


def test_a_wrong_method_is_said(reader: TestClient) -> None:
    answer = reader.delete("/models")
    assert answer.status_code == 405
    assert "does not take this kind of request" in answer.text


@pytest.mark.parametrize(
    "kind",
    [
        errors.BadInput,
        errors.CorpusError,
        errors.UnsupportedArchitecture,
        errors.ModelUnavailable,
        errors.NotFound,
        errors.Conflict,
        errors.TooLarge,
        errors.Forbidden,
        errors.OutOfSpace,
        errors.Unavailable,
    ],
)
def test_each_product_error_has_its_status_and_sentence(reader: TestClient, kind: type[errors.ProductError]) -> None:
    add(reader, f"/{kind.__name__}", raising(kind("The thing <b> is wrong. Do that.")))
    answer = reader.get(f"/{kind.__name__}")
    assert answer.status_code == kind.status
    assert kind.title in answer.text
    assert "The thing &lt;b&gt; is wrong. Do that." in answer.text


def test_a_database_that_is_away_answers_503_with_a_way_to_mend_it(reader: TestClient) -> None:
    add(reader, "/away", raising(OperationalError("SELECT 1", {}, _busy())))
    add(reader, "/api/away", raising(OperationalError("SELECT 1", {}, _busy())))
    answer = reader.get("/away")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert reader.get("/api/away").json()["title"] == "Not available right now"


def _busy() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = 14
    return error


def test_a_full_disk_answers_507(reader: TestClient) -> None:
    add(reader, "/full", raising(OSError(28, "No space left on device")))
    answer = reader.get("/full")
    assert answer.status_code == 507
    assert "Free some space" in answer.text


def test_an_error_nobody_expected_keeps_its_secret_and_has_the_headers(reader: TestClient) -> None:
    add(reader, "/bug", raising(RuntimeError("secret")))
    add(reader, "/constraint", raising(IntegrityError("INSERT", {}, sqlite3.IntegrityError("secret"))))
    client = TestClient(reader.app, raise_server_exceptions=False)
    for place in ("/bug", "/constraint"):
        answer = client.get(place)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert answer.headers["x-request-id"] in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_commit_that_fails_is_not_answered_with_200(reader: TestClient) -> None:
    def endpoint(db: Db) -> str:
        event.listen(db, "before_commit", lambda _: raising(OperationalError("COMMIT", {}, _busy()))())
        return "fine"

    add(reader, "/late", endpoint)
    assert reader.get("/late").status_code == 503


def test_a_deleted_sqlite_folder_is_a_page_not_a_crash(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The database goes away while the server runs; every page says so, and the health check too."""
    folder = tmp_path_factory.mktemp("gone")
    settings = Settings(data_dir=folder / "data")
    upgrade(settings.url)
    app = create_app(settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/").status_code == 200
        app.state.engine.dispose()
        (folder / "data").rename(folder / "elsewhere")
        answer = client.get("/models")
        assert answer.status_code == 503
        assert "Not available right now" in answer.text
        health = client.get("/healthz")
        assert health.status_code == 503
        assert health.json()["database"] == "down"
