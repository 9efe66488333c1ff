"""Asking for a comparison: by form, by address and by JSON; what is stored, and everything that can be wrong."""

import html
import re
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.contracts import arrays as names
from app.contracts.comparisons import CompareSpec
from app.contracts.results import Catalogue, MethodCard
from app.contracts.sets import TopOrigin
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.sets import NewSet, find_set, store_set
from app.db.tables import Experiment, ExperimentSet, Job, Model, NeuronSet, Run, WorkerLease
from tests.support.synthetic_run import write_synthetic_run

SCALE = MethodCard(
    kind="intervention", name="scale", title="Scale",
    parameters={"properties": {"factor": {"type": "number", "minimum": -10, "maximum": 10}}},
)  # fmt: skip
ZERO = MethodCard(kind="intervention", name="zero", title="Zero", parameters={"properties": {}})


@pytest.fixture
def worker(sessions: sessionmaker[Session]) -> None:
    """A worker that has announced what it can do."""
    catalogue = Catalogue(device="cpu", architectures=("llama",), methods=(ZERO, SCALE))
    with sessions.begin() as session:
        session.add(
            WorkerLease(executor="w", host="h", device="cpu", pid=1, state="live", started=utc_now(), beat=utc_now(),
                        catalogue=catalogue.model_dump(mode="json"))
        )  # fmt: skip


def asked(run: str, **changes: str) -> dict[str, str]:
    """A form that passes."""
    return {
        "prompt": "東京の天気は",
        "source": "top",
        "run": run,
        "language": "ja",
        "type": "2",
        "count": "5",
    } | changes


def stored(sessions: sessionmaker[Session], location: str) -> tuple[Experiment, CompareSpec]:
    with sessions() as session:
        row = session.get_one(Experiment, location.split("/")[2].split("?")[0])
        return row, CompareSpec.model_validate(row.spec)


def alert(text: str) -> str:
    found = re.search(r'role="alert"><p>(.*?)</p>', text, re.DOTALL)
    assert found is not None, "no error is shown"
    return html.unescape(re.sub("<[^>]+>", "", found[1]))


def test_a_form_stores_set_experiment_and_job_together(
    client: TestClient, finished: str, worker: None, sessions: sessionmaker[Session]
) -> None:
    answer = client.post("/comparisons", data=asked(finished))
    assert answer.status_code == 303
    row, spec = stored(sessions, answer.headers["location"])
    assert (row.kind, row.status, row.name, row.run_id) == ("compare", "queued", "東京の天気は", finished)
    with sessions() as session:
        job = session.get_one(Job, row.job_id)
        assert (job.interactive, job.subject, job.spec) == (True, row.id, row.spec)
        assert session.get(ExperimentSet, (row.id, spec.set_id)) is not None
        chosen = find_set(session, spec.set_id)
        scores = ArrayStore(session).get(finished, names.SCORE.format(type=2, language="ja"))
    split = 2  # of three layers
    best = sorted((-scores[layer, n], layer, n) for layer in range(split, 3) for n in range(scores.shape[1]))[:5]
    assert [tuple(pair) for pair in chosen.neurons.tolist()] == sorted((layer, n) for _, layer, n in best)
    assert spec.lens_run == finished
    assert spec.sampling.temperature == 0


def test_the_same_neurons_asked_for_again_are_the_same_set(
    client: TestClient, finished: str, worker: None, sessions: sessionmaker[Session]
) -> None:
    for prompt in ("one", "two"):
        for source in ({}, {"source": "neurons", "neurons": "L1·5"}):
            assert client.post("/comparisons", data=asked(finished, **source) | {"prompt": prompt}).status_code == 303
    with sessions() as session:
        assert (session.query(Experiment).count(), session.query(NeuronSet).count()) == (4, 2)


def test_a_set_brings_the_run_it_was_found_in(
    client: TestClient, finished: str, worker: None, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        old = session.get_one(Run, finished)
        copied = {column.name: getattr(old, column.name) for column in Run.__table__.columns}
        session.add(Run(**copied | {"id": "newer", "created": old.created + timedelta(days=1)}))
        neurons = np.array([[0, 3]], np.int32)
        origin = TopOrigin(run_id=finished, language="ja", type=1, count=1)
        chosen = store_set(session, session.get_one(Model, old.model_id), NewSet("Old", neurons, origin), utc_now()).id
    assert f'<option value="{finished}" selected>languages of' in client.get(f"/comparisons/new?set={chosen}").text
    assert '<option value="newer" selected>languages of' in client.get("/comparisons/new").text
    made = client.post("/api/comparisons", json={"prompt": "hello", "set": chosen}).json()
    assert made["spec"]["lens_run"] == finished


def test_ticked_neurons_come_by_address_and_become_a_set(
    client: TestClient, finished: str, worker: None, sessions: sessionmaker[Session]
) -> None:
    text = client.get(f"/comparisons/new?run={finished}&neurons=L1·5,L2·9,L0·3").text
    assert re.search(r'value="neurons" checked', text)
    assert "L1·5,L2·9,L0·3" in text
    data = asked(finished, source="neurons", neurons="L1·5, 2/9; L0N3")
    row, spec = stored(sessions, client.post("/comparisons", data=data).headers["location"])
    with sessions() as session:
        assert find_set(session, spec.set_id).neurons.tolist() == [[0, 3], [1, 5], [2, 9]]
    assert row.run_id == finished


def test_parameters_are_drawn_from_the_catalogue_and_checked(
    client: TestClient, finished: str, worker: None, sessions: sessionmaker[Session]
) -> None:
    assert 'name="scale.factor"' in client.get("/comparisons/new").text
    good = asked(finished, action="scale", **{"scale.factor": "0,5"})
    assert stored(sessions, client.post("/comparisons", data=good).headers["location"])[1].intervention.params == {
        "factor": 0.5
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prompt": " \n"}, "Write a prompt"),
        ({"prompt": "あ" * 40_000}, "The prompt has 120,000 bytes"),
        ({"count": "1000"}, "24 candidates in layer 2, but 1,000 neurons were asked for"),
        ({"count": "x"}, "Number of neurons"),
        ({"language": "xx"}, "The language xx is not in this run"),
        ({"source": "neurons", "neurons": ""}, "Name at least one neuron"),
        ({"source": "neurons", "neurons": "L2·24"}, "layer 2 has neurons 0–23"),
        ({"source": "neurons", "neurons": "L9·1"}, "the model has layers 0–2"),
        ({"source": "neurons", "neurons": "<b>"}, "“<b>” is not a neuron"),
        ({"source": "set", "set": "gone"}, "Choose a set of neurons"),
        ({"action": "scale", "scale.factor": "nan"}, "factor must be a finite number"),
        ({"action": "scale", "scale.factor": "twice"}, "factor must be a number"),
        ({"action": "scale", "scale.factor": "99"}, "factor must be -10 to 10"),
        ({"action": "scale"}, "needs a value for “Factor”"),
        ({"action": "explode"}, "No worker offers “explode”; there are zero, scale."),
        ({"template": "chat"}, "has no chat template"),
        ({"max_new_tokens": "512"}, "the context of made-up/babel-tiny holds 512 tokens"),
        ({"draws": "1000"}, "Control draws"),
        ({"mode": "sampled", "temperature": "nan"}, "Temperature: “nan” is not a finite number"),
        ({"mode": "sampled", "temperature": "0"}, "Temperature 0 is greedy"),
        ({"target": "qq!"}, "is not a language code"),
        ({"positions": "everywhere"}, "Positions"),
        ({"lens_run": "gone"}, "has no finished run gone"),
    ],
)
def test_what_is_wrong_is_a_sentence_and_nothing_is_lost(
    client: TestClient, finished: str, worker: None, sessions: sessionmaker[Session], changes: dict[str, str],
    sentence: str,
) -> None:  # fmt: skip
    data = asked(finished, name="Kept & safe", seed="77", **changes) if "prompt" in changes else asked(
        finished, prompt="<script>alert(1)</script> كيف", name="Kept & safe", seed="77", **changes
    )  # fmt: skip
    answer = client.post("/comparisons", data=data)
    assert answer.status_code == 422
    assert sentence.replace("factor", "Factor") in alert(answer.text)
    assert 'value="Kept &amp; safe"' in answer.text
    assert 'value="77"' in answer.text
    assert "<script>alert" not in answer.text
    if "prompt" not in changes:
        assert "&lt;script&gt;alert(1)&lt;/script&gt; كيف" in answer.text
    with sessions() as session:
        assert session.query(Experiment).count() == session.query(NeuronSet).count() == 0


def test_a_run_that_is_not_there_is_never_another_one(client: TestClient, finished: str, worker: None) -> None:
    answer = client.post("/comparisons", data=asked("gone"))
    assert answer.status_code == 422
    assert "has no finished run gone. Choose one of its runs." in alert(answer.text)
    top = {"run": "gone", "language": "ja", "count": 3}
    assert client.post("/api/comparisons", json={"prompt": "hello", "top": top}).status_code == 422
    assert client.get("/api/comparisons").json() == []


def test_a_set_for_a_model_of_another_shape(client: TestClient, finished: str, sessions: sessionmaker[Session]) -> None:
    client.post("/comparisons", data=asked(finished))
    with sessions.begin() as session:
        other = write_synthetic_run(session, layers=4, neurons=40, hidden=8, sentences_per_language=4, detail=0,
                                    scores_only=True)  # fmt: skip
        chosen = session.query(NeuronSet).one().id
        model = session.query(Model).join(Experiment, isouter=True).where(Experiment.id.is_(None)).one().id
    assert other
    answer = client.post("/comparisons", data=asked("", source="set", set=chosen, model=model))
    assert answer.status_code == 422
    assert "is for a model of 3 layers with 24 neurons each; made-up/babel-tiny has 4 with 40" in alert(answer.text)


def test_without_worker_model_or_run_the_form_says_what_to_do(reader: TestClient, client: TestClient) -> None:
    text = reader.get("/comparisons/new").text
    assert "No worker is running" in text
    assert "No model has been inspected yet" in text
    assert "No comparison yet" in reader.get("/comparisons").text
    refused = reader.post("/comparisons", data={"prompt": "x"})
    assert (refused.status_code, alert(refused.text)) == (422, "This input cannot be used. Add a model first.")


def test_choosing_another_type_redraws_the_form(client: TestClient, finished: str) -> None:
    text = client.post("/comparisons/form", data=asked(finished, type="1", prompt="Kept")).text
    assert "of 48 candidates" in text
    assert "Kept" in text


def test_again_and_change_begin_with_the_same_spec(
    client: TestClient, finished: str, worker: None, sessions: sessionmaker[Session]
) -> None:
    data = asked(finished, action="scale", mode="sampled", temperature="0.7", samples="3", positions="prompt_last",
                 **{"scale.factor": "-1"})  # fmt: skip
    first, spec = stored(sessions, client.post("/comparisons", data=data).headers["location"])
    second, twin = stored(sessions, client.post(f"/comparisons/{first.id}/again").headers["location"])
    assert second.id != first.id
    assert twin == spec.model_copy(update={"experiment_id": second.id})
    text = client.get(f"/comparisons/new?like={first.id}").text
    for field in ('value="scale" checked', 'value="sampled" checked', 'value="prompt_last" checked', 'value="-1"',
                  'value="0.7"', "東京の天気は"):  # fmt: skip
        assert field in text


def test_the_json_twin(client: TestClient, finished: str, worker: None) -> None:
    wanted: dict[str, Any] = {
        "prompt": "hello", "top": {"run": finished, "language": "ar", "count": 3},
        "intervention": {"name": "scale", "params": {"factor": 2.0}, "positions": "generated"},
        "controls": {"draws": 0}, "sampling": {"max_new_tokens": 7}, "target": "arb",
    }  # fmt: skip
    answer = client.post("/api/comparisons", json=wanted)
    assert answer.status_code == 201
    made = answer.json()
    spec = made["spec"]
    assert spec["intervention"]["params"] == {"factor": 2.0}
    assert (spec["controls"]["draws"], spec["sampling"]["max_new_tokens"], spec["target"]) == (0, 7, "ar")
    assert client.get("/api/comparisons").json()[0]["id"] == made["id"]
    assert client.get(f"/api/comparisons/{made['id']}").json()["result"] is None
    stopped = client.post(f"/api/comparisons/{made['id']}/stop").json()
    assert stopped["status"] == "cancelled"
    assert client.delete(f"/api/comparisons/{made['id']}").status_code == 204
    assert client.get(f"/api/comparisons/{made['id']}").status_code == 404
    both = client.post("/api/comparisons", json=wanted | {"neurons": ["L0·1"]})
    assert (both.status_code, both.json()["error"][:27]) == (422, "Name the neurons in one way")
    assert client.post("/api/comparisons", json={"prompt": "x"}).status_code == 422


def test_top_neurons_skip_what_was_not_scored(
    finished: str, sessions: sessionmaker[Session], client: TestClient
) -> None:
    with sessions.begin() as session:
        store, name = ArrayStore(session), names.SCORE.format(type=2, language="ja")
        scores = np.full_like(store.get(finished, name), np.nan)
        scores[2, 7] = 0.5
        store.put(finished, name, scores)
    answer = client.post("/comparisons", data=asked(finished, count="2"))
    assert "There is 1 candidate in layer 2, but 2 neurons were asked for" in alert(answer.text)
