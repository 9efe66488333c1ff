"""Neuron sets as JSON: the same origins as the pages, answers that OpenAPI describes truly, errors as sentences."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.contracts.sets import set_origin
from tests.app.sets.conftest import Place


def create(client: TestClient, **body: object) -> dict[str, Any]:
    response = client.post("/api/sets", json={"name": "Mine", **body})
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def test_every_origin_gives_a_set(client: TestClient, place: Place) -> None:
    top = create(client, origin={"kind": "top", "run_id": place.run, "language": "ja", "type": 1, "count": 5})
    picked = create(client, origin={"kind": "picked"}, model=place.model, neurons=[[0, 1], "L2·3", [0, 1]])
    assert picked["neurons"] == [[0, 1], [2, 3]]
    both = create(client, origin={"kind": "combined", "left": top["id"], "right": picked["id"], "operation": "or"})
    assert sorted(map(tuple, both["neurons"])) == sorted({*map(tuple, top["neurons"]), (0, 1), (2, 3)})
    next_one = create(client, origin={"kind": "picked"}, model=place.model, neurons=["0/1"], after=picked["id"])
    assert (next_one["family"], next_one["version"]) == (picked["id"], 2)
    listed = client.get("/api/sets").json()
    assert {one["id"] for one in listed} == {top["id"], both["id"], next_one["id"]}
    assert client.get("/api/sets", params={"model": place.other_model}).json() == []
    assert client.get(f"/api/sets/{picked['id']}").json() == picked
    for one in listed:
        set_origin.validate_python(one["origin"])


def test_files_names_and_deletion(client: TestClient, place: Place) -> None:
    sent = client.post("/api/sets/import", data={"model": place.model}, files={"files": ("a.csv", b"0,1\n0,2\n")})
    assert sent.status_code == 201, sent.text
    (one,) = sent.json()["sets"]
    assert one["origin"] == {"kind": "imported", "file": "a.csv", "format": "csv", "part": ""}
    assert client.patch(f"/api/sets/{one['id']}", json={"name": "New"}).json()["name"] == "New"
    assert client.delete(f"/api/sets/{one['id']}").status_code == 204
    assert client.get(f"/api/sets/{one['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        ({"origin": {"kind": "picked"}, "neurons": [[3, 0]]}, 422, "The model has the layers 0–2"),
        ({"origin": {"kind": "picked"}, "neurons": []}, 422, "Name the neurons of the set"),
        ({"origin": {"kind": "picked"}, "neurons": [[-1, 0]]}, 422, "“-1/0” is not a neuron"),
        ({"origin": {"kind": "picked"}, "neurons": [[0, 1]], "model": "nothing"}, 404, "There is no model nothing"),
        ({"origin": {"kind": "picked"}, "neurons": [[0, 1]], "name": " "}, 422, "Give the set a name."),
        ({"origin": {"kind": "combined", "left": "a", "right": "b", "operation": "or"}}, 422, "“picked” only"),
        ({"origin": {"kind": "top", "run_id": "x", "language": "ja", "type": 3, "count": 1}}, 422, "type"),
    ],
)
def test_what_is_refused(client: TestClient, place: Place, body: dict[str, object], code: int, sentence: str) -> None:
    response = client.post("/api/sets", json={"name": "Mine", "model": place.model, **body})
    assert (response.status_code, sentence in response.json()["error"]) == (code, True), response.text
