"""A comparison and its set behind a link, and the same comparison asked again, on both databases."""

import ast
import csv
import io
from copy import deepcopy

from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.ids import new_id
from app.db.tables import Experiment, ExperimentSet, Job
from tests.support.synthetic_comparison import TEXTS, write_synthetic_comparison


def shared(client: TestClient, address: str) -> str:
    answer = client.post("/api/shares", json={"of": address})
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


def test_a_comparison_and_its_set_behind_links(
    client: TestClient, finished: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        one = write_synthetic_comparison(session, finished, "en")
        waiting = write_synthetic_comparison(session, finished, "ja", result=False)
        chosen = session.get_one(Experiment, one).spec["set_id"]
    warned = client.get("/shares/new", params={"of": f"/comparisons/{one}"}).text
    assert "the prompt: “The weather in" in warned
    token = shared(client, f"/comparisons/{one}")
    page = client.get(f"/s/{token}").text
    assert "Where this comes from" in page
    assert "Rate of the target language" in page
    assert "<script" not in page
    assert "<form" not in page
    assert "Hover over a token" not in page
    assert 'class="where">⟂ diverges at token' in page, "what a link becomes keeps its place"
    assert "metrics.csv" not in page, "there is no such file behind the link"
    told = client.get(f"/s/{token}.json").json()
    assert told["data"]["spec"]["prompt"] == TEXTS["en"][0]
    assert told["data"]["set"]["neurons"] == [[0, 1], [1, 2], [2, 3]]
    assert told["provenance"]["weight_hash"] == "a" * 64
    assert told["provenance"]["versions"]["torch"] == "2.13.0"
    rows = list(csv.DictReader(io.StringIO(client.get(f"/s/{token}.csv").text)))
    assert [int(row["id"]) for row in rows if row["role"] == "normal"] == told["data"]["result"]["outputs"][0]["tokens"]
    script = client.get(f"/s/{token}.py")
    assert script.status_code == 200
    ast.parse(script.text)
    assert "NEURONS = {0: [1], 1: [2], 2: [3]}" in script.text
    assert "\u202e" not in script.text
    refused = client.post("/api/shares", json={"of": f"/comparisons/{waiting}"})
    assert refused.status_code == 409
    assert "has no answer yet" in refused.json()["error"]
    set_page = client.get(f"/s/{shared(client, f'/sets/{chosen}')}").text
    assert "Three neurons" in set_page
    assert "L2·3" in set_page


def test_replay_queues_the_same_question_and_tells_whether_the_answers_match(
    client: TestClient, finished: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        one = write_synthetic_comparison(session, finished, "en")
    assert "Nobody has asked the same again" in client.get(f"/comparisons/{one}").text
    answer = client.post(f"/comparisons/{one}/replay")
    assert answer.status_code == 303
    other = answer.headers["location"].removeprefix("/comparisons/")
    with sessions.begin() as session:
        first, second = session.get_one(Experiment, one), session.get_one(Experiment, other)
        assert session.scalars(select(Job.kind).where(Job.subject == other)).one() == "compare"
        assert {**second.spec, "experiment_id": one} == first.spec
        second.status, second.result = "complete", {**first.result, "seconds": 99.0}  # type: ignore[dict-item]
    page = client.get(f"/comparisons/{one}").text
    assert '<span class="badge good">match</span>' in page
    with sessions.begin() as session:
        changed = deepcopy(session.get_one(Experiment, other).result)
        assert changed is not None
        changed["outputs"][1]["tokens"][0] += 1
        session.get_one(Experiment, other).result = changed
    page = client.get(f"/comparisons/{one}").text
    assert "outputs 1 tokens 0" in page


def test_another_question_is_no_replay(client: TestClient, finished: str, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        one = write_synthetic_comparison(session, finished, "en")
        row = session.get_one(Experiment, one)
        spec = {**row.spec, "experiment_id": "x" * 12, "prompt": "Another"}
        key = new_id()
        session.add(Experiment(id=key, kind="compare", name="b", model_id=row.model_id, job_id=row.job_id, spec=spec,
                               status="complete", result=row.result, created=row.created))  # fmt: skip
        session.flush()
        session.add(ExperimentSet(experiment_id=key, set_id=row.spec["set_id"]))
    assert "Nobody has asked the same again" in client.get(f"/comparisons/{one}").text
