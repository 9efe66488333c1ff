"""Naming models, through the pages and through the API."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.jobs import InspectSpec, job_spec
from app.db.session import utc_now
from app.db.tables import Job, Model
from app.errors import BadInput
from app.jobs.queue import JobQueue
from app.main import create_app
from app.models.service import is_path, local_folder
from app.settings import Settings


def named(client: TestClient, source: str = "owner/name", **fields: str) -> str:
    """The id of a model added through the form."""
    answer = client.post("/models", data={"source": source, **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/models/")


def test_an_empty_list_says_what_to_do(client: TestClient) -> None:
    text = client.get("/models").text
    assert "No model is known yet" in text
    assert 'action="/models"' in text


def test_adding_a_model_queues_its_inspection(client: TestClient, sessions: sessionmaker[Session]) -> None:
    model_id = named(client, "Qwen/Qwen2.5-0.5B", revision="v1.0", name="Qwen, small")
    with sessions() as session:
        row = session.get_one(Model, model_id)
        job = session.query(Job).one()
        assert (row.name, row.source, row.revision, row.status) == (
            "Qwen, small",
            "Qwen/Qwen2.5-0.5B",
            "v1.0",
            "queued",
        )
        assert job_spec.validate_python(job.spec) == InspectSpec(model_id=model_id)
        assert job.status == "queued"
    page = client.get(f"/models/{model_id}").text
    assert f"/jobs/{job.id}/events" in page
    assert "No worker is running" in page


@pytest.mark.parametrize(
    ("source", "revision", "sentence"),
    [
        ("", "", "Name a model"),
        ("a b/c", "", "neither a Hugging Face id"),
        ("./no/such", "", "There is no folder ./no/such"),
        ("owner/na..me", "", "neither a Hugging Face id"),
        ("owner/name/more", "", "neither a Hugging Face id"),
        ("https://elsewhere.example/x", "", "neither a Hugging Face id"),
        ("owner/name", "--upload-pack=x", "is not a revision"),
        ("owner/name", "a..b", "is not a revision"),
        ("/no/such/folder", "", "There is no folder /no/such/folder"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_form_kept(
    reader: TestClient, source: str, revision: str, sentence: str
) -> None:
    answer = reader.post("/models", data={"source": source, "revision": revision, "name": "kept <name>"})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "kept &lt;name&gt;" in answer.text
    assert reader.get("/api/models").json() == []


def test_the_same_model_twice_leads_to_the_first(client: TestClient) -> None:
    model_id = named(client)
    answer = client.post("/models", data={"source": "owner/name"})
    assert answer.status_code == 409
    assert f'href="/models/{model_id}"' in answer.text
    assert named(client, revision="other") != model_id


def test_a_local_folder_must_be_a_models_and_lie_where_allowed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "root" / "model", tmp_path / "other"
    for folder in (inside, outside):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    (tmp_path / "root" / "empty").mkdir()
    (tmp_path / "root" / "link").symlink_to(outside)
    root = tmp_path / "root"
    assert local_folder(str(inside), root) == inside
    assert local_folder(str(outside), None) == outside
    for wrong in (outside, root / "link", root / ".." / "other"):
        with pytest.raises(BadInput, match="MODEL_ROOT"):
            local_folder(str(wrong), root)
    with pytest.raises(BadInput, match=r"config\.json"):
        local_folder(str(root / "empty"), root)


@pytest.mark.parametrize(
    ("source", "local"), [("/a", True), ("./a", True), ("~/a", True), ("C:\\a", True), ("a/b", False), ("gpt2", False)]
)
def test_what_is_a_path(source: str, local: bool) -> None:
    assert is_path(source) is local


def test_the_setting_limits_local_folders(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "config.json").write_text("{}")
    limited = settings.model_copy(update={"model_root": tmp_path / "elsewhere"})
    with TestClient(create_app(limited)) as client:
        assert client.post("/api/models", json={"source": str(tmp_path / "m")}).status_code == 422


def test_a_card_is_shown_with_the_proof(client: TestClient, finished: str, sessions: sessionmaker[Session]) -> None:
    (model,) = client.get("/api/models").json()
    page = client.get(f"/models/{model['id']}").text
    assert "proven" in page
    assert model["card"]["weight_hash"] in page
    assert f"/runs/new?model={model['id']}" in page
    listed = client.get("/models").text
    assert model["name"] in listed


def test_a_refused_model_says_why_and_can_be_inspected_again(
    client: TestClient, queue: JobQueue, sessions: sessionmaker[Session]
) -> None:
    model_id = named(client)
    assert client.post(f"/models/{model_id}/inspect").status_code == 409
    with sessions.begin() as session:
        row = session.get_one(Model, model_id)
        queue.cancel(session, session.query(Job).one().id)
        row.status, row.error = "failed", "Layer 3 is not <read> correctly."
    page = client.get(f"/models/{model_id}").text
    assert "Layer 3 is not &lt;read&gt; correctly." in page
    answer = client.post(f"/models/{model_id}/inspect")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/models/{model_id}")
    assert client.get(f"/api/models/{model_id}").json()["status"] == "queued"
    assert len(client.get("/api/jobs").json()) == 2


def test_deleting(client: TestClient, queue: JobQueue, sessions: sessionmaker[Session], finished: str) -> None:
    used = next(model["id"] for model in client.get("/api/models").json())
    answer = client.post(f"/models/{used}/delete")
    assert answer.status_code == 409
    assert "1 run uses" in answer.text
    unused = named(client)
    assert client.post(f"/models/{unused}/delete").status_code == 409  # its inspection waits
    with sessions.begin() as session:
        queue.cancel(session, client.get(f"/api/models/{unused}").json()["job"])
    assert client.delete(f"/api/models/{unused}").status_code == 204
    assert client.get(f"/models/{unused}").status_code == 404


def test_the_api_says_the_same(client: TestClient) -> None:
    made = client.post("/api/models", json={"source": "owner/name", "revision": "main"})
    assert made.status_code == 201
    answer = made.json()
    assert answer == client.get(f"/api/models/{answer['id']}").json()
    assert client.get("/api/models").json() == [answer]
    again = client.post("/api/models", json={"source": "owner/name", "revision": "main"})
    assert again.status_code == 409
    assert json.loads(again.text)["title"] == "This is stored already"
    assert utc_now().isoformat()[:10] == answer["created"][:10]
