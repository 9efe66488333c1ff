"""Pages of neuron sets: every way to make one, what is refused and how, the set's own page."""

import json

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.contracts import arrays as names
from app.contracts.sets import TopOrigin
from app.db.arrays import ArrayStore
from app.db.sets import find_set
from app.db.tables import Experiment, ExperimentSet, NeuronSet
from tests.app.sets.conftest import Place
from tests.support.synthetic_run import MOMENT


def made(client: TestClient, way: str, **fields: object) -> str:
    """Post a form; the id of the set it stored."""
    response = client.post(f"/sets/{way}", data=fields)
    assert response.status_code == 303, response.text
    return response.headers["location"].removeprefix("/sets/")


def by_hand(client: TestClient, place: Place, text: str, **fields: object) -> str:
    return made(client, "picked", model=place.model, text=text, **fields)


def test_the_best_of_a_run_are_what_sorting_every_score_gives(
    client: TestClient, place: Place, sessions: sessionmaker[Session]
) -> None:
    with sessions() as session:
        scores = ArrayStore(session).get(place.run, names.SCORE.format(type=2, language="ar"))
    ranked = sorted((-scores[layer, i], layer, i) for layer in (2,) for i in range(24))
    preview = client.get("/sets/new", params={"run": place.run, "language": "ar", "type": 2, "amount": 5})
    assert "<strong>5</strong> of 24 candidates in layer 2" in preview.text
    new = made(client, "top", run=place.run, language="ar", type=2, amount=5)
    with sessions() as session:
        found = find_set(session, new)
        assert found.neurons.tolist() == sorted([layer, i] for _, layer, i in ranked[:5])
        assert isinstance(found.origin, TopOrigin)
        assert (found.row.name, found.origin.first_layer, found.origin.last_layer) == ("ar Type-2, 5 best", 2, 2)
    page = client.get(f"/sets/{new}").text
    assert "The 5 best of Type-2 in layer 2, by the score of ar" in page
    assert f"/comparisons/new?set={new}" in page
    share = made(client, "top", run=place.run, language="ar", type=1, amount=25, unit="percent", name="A quarter")
    with sessions() as session:
        assert (find_set(session, share).row.size, find_set(session, share).row.name) == (12, "A quarter")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"amount": 25}, "There are 24 candidates in layer 2, but 25 neurons were asked for."),
        ({"amount": 60, "first": 0, "last": 1}, "There are 48 candidates in the layers 0–1, but 60 neurons"),
        ({"amount": 0}, "0 is no number of neurons. A set needs one at least."),
        ({"amount": 1.5}, "1.5 is no number of neurons."),
        ({"amount": 101, "unit": "percent"}, "101 % is no share of the candidates."),
        ({"amount": 1, "first": 3}, "has the layers 0–2; there is no layer 3."),
        ({"amount": 1, "first": 2, "last": 1}, "No layer is from 2 to 1."),
        ({"amount": ""}, "Say how many neurons"),
        ({"amount": 1, "language": "en"}, "The language en is the pivot and has no scores."),
    ],
)
def test_what_no_run_can_give(client: TestClient, place: Place, fields: dict[str, object], sentence: str) -> None:
    response = client.post("/sets/top", data={"run": place.run, "language": "ja", "type": 2, **fields})
    assert response.status_code == 422
    assert sentence in response.text.replace("&#39;", "'")


def test_neurons_named_by_hand_and_ticked(client: TestClient, place: Place, sessions: sessionmaker[Session]) -> None:
    ticked = client.get("/sets/new/picked", params={"run": place.run, "neurons": ["2.4", "0.3", "2.4"]})
    assert "L2·4\nL0·3\nL2·4</textarea>" in ticked.text
    assert "<strong>2</strong> neurons of made-up/babel-tiny" in ticked.text
    assert "1 was named twice and counts once." in ticked.text
    new = by_hand(client, place, "L2·4\r\nL0·3, 1/7", run=place.run)
    with sessions() as session:
        found = find_set(session, new)
    assert found.neurons.tolist() == [[0, 3], [1, 7], [2, 4]]
    assert found.row.name == "L0·3, L1·7, L2·4"
    page = client.get(f"/sets/{new}").text
    assert "Chosen by hand in " in page
    assert f"/runs/{place.run}/neurons/2/4?" in page


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("L0·1\nL1·24", "The list line 2: Layer 1 has the neurons 0–23; there is no L1·24."),
        ("L3·0", "The list line 1: The model has the layers 0–2; there is no L3·0."),
        ("L0·1\n<b>x</b>", "line 2: “&lt;b&gt;x&lt;/b&gt;” is not a neuron."),
        (" \n", "Name the neurons of the set"),
    ],
)
def test_what_is_no_neuron(client: TestClient, place: Place, text: str, sentence: str) -> None:
    response = client.post("/sets/picked", data={"model": place.model, "text": text, "name": "Kept"})
    assert response.status_code == 422
    assert sentence in response.text
    assert 'value="Kept"' in response.text


def test_versions_follow_one_another_and_stay(
    client: TestClient, place: Place, sessions: sessionmaker[Session]
) -> None:
    first = by_hand(client, place, "L0·1", name="Mine")
    assert "L0·1</textarea>" in client.get(f"/sets/new/picked?after={first}").text
    second = by_hand(client, place, "L0·1\nL0·2", after=first)
    page = client.get(f"/sets/{second}").text
    assert "Mine · version 2" in page
    assert f'<a href="/sets/{first}">1</a>' in page
    with sessions() as session:
        assert find_set(session, first).neurons.tolist() == [[0, 1]]
    response = client.post("/sets/picked", data={"model": place.other_model, "text": "L0·1", "after": first})
    assert (response.status_code, "a set of another model" in response.text) == (409, True)
    assert client.get("/sets").text.count("Mine</a>") == 1


def test_a_used_set_keeps_its_name(client: TestClient, place: Place, sessions: sessionmaker[Session]) -> None:
    used = by_hand(client, place, "L0·1", name="Mine")
    assert client.post(f"/sets/{used}/name", data={"name": " Better "}).status_code == 303
    assert client.post(f"/sets/{used}/name", data={"name": " "}).status_code == 422
    with sessions.begin() as session:
        session.add(Experiment(id="e1", kind="compare", name="An experiment", model_id=place.model, job_id="j", spec={},
                               status="complete", created=MOMENT))  # fmt: skip
        session.flush()
        session.add(ExperimentSet(experiment_id="e1", set_id=used))
    for action in ("name", "delete"):
        response = client.post(f"/sets/{used}/{action}", data={"name": "Other"})
        assert response.status_code == 409
        assert "1 experiment uses “Better”, so it cannot be" in response.text
    page = client.get(f"/sets/{used}").text
    assert 'href="/comparisons/e1">An experiment</a>' in page
    assert f"/sets/{used}/delete" not in page
    with sessions.begin() as session:
        session.delete(session.get_one(Experiment, "e1"))
    assert client.post(f"/sets/{used}/delete").status_code == 303
    assert client.get(f"/sets/{used}").status_code == 404
    with sessions() as session:
        assert ArrayStore(session).names(used) == []


def test_algebra_equals_that_of_python(client: TestClient, place: Place, sessions: sessionmaker[Session]) -> None:
    a, b = {(0, 1), (0, 2), (1, 3), (2, 4)}, {(0, 2), (2, 4), (2, 5)}
    ids = [
        by_hand(client, place, "\n".join(f"{x}/{y}" for x, y in one), name=name) for one, name in ((a, "A"), (b, "B"))
    ]
    for operation, expected in (("and", a & b), ("or", a | b), ("minus", a - b), ("xor", a ^ b)):
        asked = {"left": ids[0], "right": ids[1], "operation": operation}
        noun = "neuron" if len(expected) == 1 else "neurons"
        assert f"<strong>{len(expected)}</strong> {noun}:" in client.get("/sets/new/combine", params=asked).text
        new = made(client, "combined", **asked)
        with sessions() as session:
            assert {tuple(pair) for pair in find_set(session, new).neurons.tolist()} == expected
        assert f"{operation} " in client.get(f"/sets/{new}").text
    page = client.get("/sets/new/combine", params={"left": ids[0], "right": ids[1]}).text
    assert "among the 72 neurons of layers 0–2" in page
    overlap = client.get("/api/sets/overlap", params={"left": ids[0], "right": ids[1]}).json()
    assert (overlap["both"], overlap["jaccard"]) == (2, pytest.approx(2 / 5))
    assert overlap["whole"]["shared"] == pytest.approx(4 * 3 / 72)
    assert overlap["by_layer"] == [[2, 1, 1], [1, 0, 0], [1, 2, 1]]


def test_sets_of_different_layers_can_share_nothing(client: TestClient, place: Place) -> None:
    first, second = (made(client, "top", run=place.run, language="ja", type=kind, amount=3) for kind in (1, 2))
    page = client.get(f"/sets/{first}")
    assert page.status_code == 200
    assert "no layer" in page.text
    page = client.get("/sets/new/combine", params={"left": first, "right": second})
    assert "could not share a neuron: they were drawn from different layers" in page.text
    found = client.get("/api/sets/overlap", params={"left": first, "right": second}).json()
    assert (found["population"], found["layers"], found["both"]) == (0, [], 0)
    assert found["whole"] == found["matched"] == {"shared": 0.0, "jaccard": 0.0, "log10_p": 0.0}


def test_what_cannot_be_combined(client: TestClient, place: Place) -> None:
    a, b = by_hand(client, place, "L0·1", name="A"), by_hand(client, place, "L0·2", name="B")
    other = made(client, "picked", model=place.other_model, text="L0·1", name="Other")
    empty = client.post("/sets/combined", data={"left": a, "right": b, "operation": "and"})
    assert (empty.status_code, "A set needs one at least." in empty.text) == (422, True)
    shapes = client.post("/sets/combined", data={"left": a, "right": other, "operation": "or"})
    assert (shapes.status_code, "belongs to a model of 3 layers with 24 neurons each" in shapes.text) == (409, True)
    assert client.get("/sets/new/combine", params={"left": "nothing"}).status_code == 404


def test_files_come_back_as_the_same_set(client: TestClient, place: Place, sessions: sessionmaker[Session]) -> None:
    first = by_hand(client, place, "L0·1\nL2·23", name="Mine")
    for form in ("json", "csv"):
        file = client.get(f"/sets/{first}.{form}")
        assert "attachment" in file.headers["content-disposition"]
        sent = {"files": (f"mine.{form}", file.content)}
        response = client.post("/sets/import", data={"model": place.model}, files=sent)
        assert response.status_code == 303, response.text
        new = response.headers["location"].removeprefix("/sets/")
        with sessions() as session:
            rows = [session.get_one(NeuronSet, one) for one in (first, new)]
            assert rows[0].content_hash == rows[1].content_hash
            assert rows[1].name == "mine"
        page = client.get(f"/sets/{new}").text
        assert f"Read from mine.{form}" in page
    wrong = client.post("/sets/import", data={"model": place.other_model},
                        files={"files": ("mine.json", client.get(f"/sets/{first}.json").content)})  # fmt: skip
    assert wrong.status_code == 422
    assert "made for a model of 3 layers with 24 neurons each, but the chosen model has 4 with 24." in wrong.text


@pytest.mark.parametrize(
    ("data", "code", "sentence"),
    [
        (b"layer,neuron\n0,1\n0,x\n", 422, "a.csv line 3: “x” is no number of a layer or neuron."),
        (b"layer,neuron\n0,24\n", 422, "a.csv line 2: Layer 0 has the neurons 0–23; there is no L0·24."),
        (b"", 422, "a.csv names no neuron."),
        (b"x" * 1_200_000, 413, "larger than the 1 MB allowed here"),
    ],
)
def test_broken_files(client: TestClient, place: Place, data: bytes, code: int, sentence: str) -> None:
    response = client.post("/sets/import", data={"model": place.model}, files={"files": ("a.csv", data)})
    assert (response.status_code, sentence in response.text) == (code, True), response.text[-1500:]


def test_no_file_and_no_model(client: TestClient, place: Place) -> None:
    assert client.post("/sets/import", data={"model": place.model}).status_code == 422
    response = client.post("/sets/import", data={"model": "nothing"}, files={"files": ("a.csv", b"0,1")})
    assert response.status_code == 404


def test_languages_of_a_set_are_the_means_of_its_scores(
    client: TestClient, place: Place, sessions: sessionmaker[Session]
) -> None:
    new = by_hand(client, place, "L0·1\nL2·3\nL2·4", run=place.run)
    with sessions() as session:
        score = ArrayStore(session).get(place.run, names.SCORE.format(type=2, language="ar"))
    mean = float(np.mean([score[2, 3], score[2, 4]], dtype=np.float64))
    page = client.get(f"/sets/{new}").text
    assert f'title="{mean:.9g}"' in page or f"{mean:.3g}".lstrip("-") in page.replace("−", "-")


def test_a_set_outlives_its_run_but_not_its_model(client: TestClient, place: Place) -> None:
    new = made(client, "top", run=place.run, language="ja", type=1, amount=3)
    assert client.post(f"/runs/{place.run}/delete").status_code == 303
    page = client.get(f"/sets/{new}")
    assert (page.status_code, "a run since deleted" in page.text) == (200, True)
    assert "nothing is known of these neurons by language" in page.text
    refused = client.post(f"/models/{place.model}/delete")
    assert (refused.status_code, "1 neuron set belongs to" in refused.text) == (409, True)


def test_empty_states(reader: TestClient) -> None:
    assert "No neuron set is stored yet." in reader.get("/sets").text
    assert "No run is complete yet" in reader.get("/sets/new").text
    assert "No model has been inspected yet" in reader.get("/sets/new/picked").text
    assert "No model has been inspected yet" in reader.get("/sets/new/import").text
    assert "No set is stored yet; two are needed." in reader.get("/sets/new/combine").text
    missing = reader.get("/sets/nothing")
    assert (missing.status_code, "There is no neuron set nothing" in missing.text) == (404, True)
    assert json.loads(reader.get("/sets/nothing.json").text)["title"] == "Not found"
