"""The answer of an experiment behind a link."""

from tests.app.experiments.test_sweeps import line, spec_of, started, store


def test_an_answer_behind_a_link_and_none_before_there_is_one(client, finished, sessions) -> None:
    experiment = started(client, "dose", run=finished, doses="10", languages=["ja"], prompts="4")
    address = f"/experiments/{experiment}"
    assert client.get("/shares/new", params={"of": address}).status_code == 409
    arms = ("type1", "control1", "type2", "control2")
    store(sessions, experiment, [line("ja", "normal", 0, 1, 1), *(line("ja", arm, 10, 0.5, 3) for arm in arms)])
    token = client.post("/api/shares", json={"of": address}).json()["token"]
    page = client.get(f"/s/{token}").text
    assert "Output in the language, by dose" in page
    assert "<svg" in page
    assert "<form" not in page
    assert "data-share" in client.get(address).text
    rows = client.get(f"/s/{token}.csv").text.splitlines()
    assert rows[1].startswith("ja,normal,0,")
    assert client.get(f"/s/{token}.json").json()["data"]["result"]["edit"] == "Neurons zeroed."
    assert client.get(f"/s/{token}/preview.png").content.startswith(b"\x89PNG")


def test_a_replay_asks_the_same_and_both_pages_tell_whether_they_match(client, finished, sessions) -> None:
    experiment = started(client, "dose", run=finished, doses="10", languages=["ja"], prompts="4")
    assert client.post(f"/experiments/{experiment}/replay").status_code == 409
    store(sessions, experiment, [line("ja", "normal", 0, 1, 1)])
    answer = client.post(f"/experiments/{experiment}/replay")
    assert answer.status_code == 303
    other = answer.headers["location"].removeprefix("/experiments/")
    assert spec_of(sessions, other) == {**spec_of(sessions, experiment), "experiment_id": other}
    store(sessions, other, [line("ja", "normal", 0, 1, 1)])
    for one in (experiment, other):
        assert '<span class="badge good">match</span>' in client.get(f"/experiments/{one}").text
    store(sessions, other, [line("ja", "normal", 0, 0.5, 1)])
    assert "mismatch" in client.get(f"/experiments/{experiment}").text
