"""Logit lens on pages: form to job, wrong input told, figures of one prompt and of all, the path or why none."""

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.contracts import lens as contract
from app.contracts.lens import LensResult, LensSpec
from app.contracts.sets import PickedOrigin
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.db.session import utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Experiment

PROMPTS = ("een <b>kat</b>", "twee katten", "drie katten")


def answered(sessions: sessionmaker[Session], experiment: str, *, mapped: bool) -> LensSpec:
    """Store an answer of random numbers."""
    with sessions.begin() as session:
        row, store = session.get_one(Experiment, experiment), ArrayStore(session)
        spec = LensSpec.model_validate(row.spec)
        run = finished_run(session, spec.run_id)
        size, count = run.summary.layers + 1, len(run.spec.all_languages)
        draw = np.random.default_rng(1)
        shares = draw.dirichlet(np.ones(count + 1), (len(spec.prompts), size)).astype(np.float32)
        entropy = draw.uniform(0, 9, shares.shape[:2]).astype(np.float32)
        bands = np.stack([np.stack([entropy.mean(0) + by for by in (0, -1, 1)]) for _ in range(2)])
        for one in spec.conditions:
            for name, array in ((contract.SHARES, shares), (contract.ENTROPY, entropy), (contract.BANDS, bands)):
                store.put(experiment, name.format(condition=one), array)
            if mapped:
                path = draw.normal(size=(len(spec.prompts), size, 2)).astype(np.float32)
                store.put(experiment, contract.PATH.format(condition=one), path)
        if mapped:
            store.put(experiment, contract.CENTROIDS, draw.normal(size=(size, count, 2)).astype(np.float32))
        row.result = LensResult(
            conditions=spec.conditions, languages=(*run.spec.all_languages, "none"), layers=size - 1,
            target=spec.target, neurons=0, position="mean", mapped="PCA" if mapped else None,
            no_map="" if mapped else "This run was scanned before.", seconds=1,
        ).model_dump(mode="json")  # fmt: skip
        row.status = "complete"
    return spec


def started(client: TestClient, **data: object) -> str:
    answer = client.post("/experiments/lens", data=data)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/experiments/")


def test_from_the_form_to_figures_of_one_prompt_and_of_all(client, finished, sessions) -> None:
    assert "Path through the map" in client.get(f"/experiments/new/lens?run={finished}").text
    experiment = started(client, run=finished, prompts="\n".join(PROMPTS), target="ja")
    spec = answered(sessions, experiment, mapped=True)
    assert (spec.prompts, spec.target, spec.set_id) == (PROMPTS, "ja", None)
    page = client.get(f"/experiments/{experiment}").text
    assert "Mean of 3 prompts, with the 95 % interval" in page
    assert "<b>kat" not in page
    assert "Prompt 2 of 3" in client.get(f"/experiments/{experiment}?prompt=2").text
    for name in ("shares", "target", "entropy", "path"):
        assert client.get(f"/experiments/{experiment}/figures/{name}.svg?prompt=2").status_code == 200
    with sessions() as session:
        path = ArrayStore(session).get(experiment, contract.PATH.format(condition="normal"))
    rows = client.get(f"/experiments/{experiment}/figures/path.csv?prompt=2").text.splitlines()
    assert float(rows[-1].split(",")[-1]) == pytest.approx(float(path[1, -1, 1]))
    assert len(client.get(f"/experiments/{experiment}.csv").text.splitlines()) == 1 + 3 * path.shape[1]


def test_a_run_whose_map_takes_no_states_says_so_on_the_page(client, finished, sessions) -> None:
    experiment = started(client, run=finished, corpus="ja", count=2)
    assert answered(sessions, experiment, mapped=False).target == "ja"
    page = client.get(f"/experiments/{experiment}").text
    assert "No path: This run was scanned before." in page
    assert client.get(f"/experiments/{experiment}/figures/path.svg").status_code == 404


def test_a_set_zeroed_stands_beside_the_model_as_it_is(client, finished, sessions) -> None:
    with sessions.begin() as session:
        run = finished_run(session, finished)
        neurons = np.array([[0, 3], [2, 9]], np.int32)
        chosen = store_set(session, run.model, NewSet("A pair", neurons, PickedOrigin()), utc_now()).id
    experiment = started(client, run=finished, prompts="\n".join(PROMPTS), target="ja", set=chosen)
    spec = answered(sessions, experiment, mapped=True)
    assert spec.conditions == ("normal", "set")
    page = client.get(f"/experiments/{experiment}").text
    assert f'<a href="/sets/{chosen}">A pair</a>' in page
    shares = client.get(f"/experiments/{experiment}/figures/shares.svg").text
    assert (shares.count(">normal<"), shares.count(">set zeroed<")) == (1, 1), "a panel a condition"
    for name in ("target", "entropy"):
        drawn = client.get(f"/experiments/{experiment}/figures/{name}.svg").text
        assert (drawn.count(">normal<"), drawn.count(">zeroed<")) == (1, 1), "a line a condition"
        rows = client.get(f"/experiments/{experiment}/figures/{name}.json").json()["rows"]
        assert {row[1] for row in rows} == {"normal", "set zeroed"}
    rows = client.get(f"/experiments/{experiment}/figures/target.json").json()["rows"]
    assert all(0 <= row[3] <= row[4] <= 1 for row in rows), "a share, and so its interval, is between 0 and 1"
    assert "prompt, set zeroed" in client.get(f"/experiments/{experiment}/figures/path.svg?prompt=2").text
    lines = client.get(f"/experiments/{experiment}.csv").text.splitlines()
    assert len(lines) == 1 + 2 * len(PROMPTS) * (run.summary.layers + 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [({}, "Write a prompt"), ({"prompts": "a", "target": "xx"}, "no language of this run"),
     ({"prompts": "a", "map": "none"}, "has no map"), ({"prompts": "a\n" * 501}, "at most 500")],
)  # fmt: skip
def test_wrong_input_is_told(client, finished, data: dict[str, str], words: str) -> None:
    answer = client.post("/experiments/lens", data={"run": finished, **data})
    assert answer.status_code in (400, 422)
    assert words in answer.text
