"""Asking for one more map."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.results import Catalogue, MethodCard
from app.db.session import utc_now
from app.db.tables import Job, WorkerLease

UMAP = MethodCard(
    kind="projection",
    name="umap",
    title="UMAP",
    parameters={
        "properties": {
            "neighbours": {"type": "integer", "minimum": 2, "maximum": 200, "default": 15},
            "metric": {"enum": ["cosine", "euclidean"], "type": "string", "default": "cosine"},
        }
    },
)

PCA = MethodCard(kind="projection", name="pca", title="PCA", parameters={"properties": {}})


@pytest.fixture
def offering(sessions: sessionmaker[Session]) -> None:
    card = Catalogue(device="cpu", architectures=(), methods=(UMAP, PCA))
    now = utc_now()
    with sessions.begin() as session:
        session.add(
            WorkerLease(
                executor="w", host="h", device="cpu", pid=1, state="live", catalogue=card.model_dump(mode="json"),
                started=now, beat=now,
            )
        )  # fmt: skip


def projects(sessions: sessionmaker[Session]) -> list[Job]:
    with sessions() as session:
        return list(session.scalars(select(Job).where(Job.kind == "project")))


def test_the_form_offers_what_the_worker_announced_and_queues_it(
    client: TestClient, finished: str, offering: None, sessions: sessionmaker[Session]
) -> None:
    page = client.get(f"/runs/{finished}/map").text
    assert "Draw another map" in page
    assert 'type="number" value="15" min="2" max="200"' in page
    assert 'for="umap-neighbours">Neighbours' in page
    assert 'value="pca"' not in page, "there it is, and it has nothing to choose"
    answer = client.post(f"/runs/{finished}/map", data={"method": "umap", "neighbours": "30", "metric": "euclidean"})
    assert answer.status_code == 303
    (job,) = projects(sessions)
    assert answer.headers["location"] == f"/jobs/{job.id}"
    assert job.spec["params"] == {"neighbours": 30, "metric": "euclidean"}
    again = client.post(f"/api/runs/{finished}/map", json={"method": "umap"})
    assert again.status_code == 409
    assert "is being drawn already" in again.json()["error"]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"neighbours": "1"}, "neighbours lies between 2 and 200"),
        ({"neighbours": "many"}, "neighbours is a number"),
        ({"neighbours": "nan"}, "neighbours is a number"),
        ({"metric": "taxi"}, "metric is one of cosine, euclidean"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused_by_name(
    client: TestClient,
    finished: str,
    offering: None,
    sessions: sessionmaker[Session],
    params: dict[str, str],
    sentence: str,
) -> None:
    answer = client.post(f"/api/runs/{finished}/map", json={"method": "umap", "params": params})
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert projects(sessions) == []


def test_an_unknown_projection_names_those_there_are(client: TestClient, finished: str, offering: None) -> None:
    answer = client.post(f"/api/runs/{finished}/map", json={"method": "tsne"})
    assert answer.status_code == 422
    assert "There are: umap" in answer.json()["error"]


def test_without_any_worker_the_page_says_so(client: TestClient, finished: str) -> None:
    assert "No worker has run on this database yet" in client.get(f"/runs/{finished}/map").text
