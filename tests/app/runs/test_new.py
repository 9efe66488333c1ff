"""Choosing a run: defaults, presets, estimates and everything that can be wrong."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.jobs import PRESETS, ScanSettings, ScanSpec
from app.contracts.results import ModelCard, Parity
from app.db.tables import Job, Run
from app.runs.choice import RunForm, read_settings
from app.runs.estimate import Reading, estimate, permanent_bytes, temporary_bytes
from app.runs.words import SETTINGS, named, spelled_out

CARD = ModelCard(
    architecture="llama",
    layers=4,
    neurons=100,
    hidden_size=10,
    vocabulary=50,
    parameters=1_000_000,
    context=64,
    dtype="float32",
    device="cpu",
    weight_hash="w",
    tokenizer_hash="t",
    tokens_per_second=1000,
    parity=Parity(passed=True, max_delta_logit=0, residue=0, worst_layer=0, allowed=0.01),
)


def ids(client: TestClient) -> tuple[str, str]:
    return client.get("/api/models").json()[0]["id"], client.get("/api/corpora").json()[0]["id"]


def test_every_setting_of_a_scan_is_in_the_form_and_spelled_out() -> None:
    names = {setting.name for setting in SETTINGS}
    assert names == set(ScanSettings.model_fields) - {"preset"}
    assert names <= set(RunForm.model_fields)
    words = dict(spelled_out(PRESETS["paper"]))
    assert words["Where a sentence is read"] == "last token, as the paper"
    assert words["Cross-fitting"] == "no"


def test_settings_go_by_the_name_of_the_preset_they_equal() -> None:
    assert named(PRESETS["paper"].model_copy(update={"preset": "custom"})).preset == "paper"
    assert named(PRESETS["paper"].model_copy(update={"seed": 7})).preset == "paper"
    assert named(ScanSettings(position="last")).preset == "custom"


def test_choosing_another_preset_begins_anew_but_the_same_keeps_what_was_typed() -> None:
    typed = RunForm(preset="corrected", shown_preset="corrected", max_sentences="50")
    assert read_settings(typed)[0].max_sentences == 50
    changed = RunForm(preset="paper", shown_preset="corrected", max_sentences="50", position="mean")
    assert read_settings(changed)[0] == PRESETS["paper"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("max_sentences", "1", "Sentences per language at most: must be at least 2."),
        ("max_sentences", "many", "Sentences per language at most: must be a whole number."),
        ("candidate_fraction", "1.5", "Share of the depth: must be less than 1."),
        ("position", "middle", "Where a sentence is read: must be 'last'"),
        ("neighbours", "0", "Nearest neighbours: must be at least"),
        ("preset", "mine", "There is no preset “mine”; there are corrected, paper, custom."),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str, sentence: str) -> None:
    _, problem = read_settings(RunForm.model_validate({name: value}))
    assert problem is not None
    assert problem.startswith(sentence)


def test_the_size_of_the_shards_is_exact() -> None:
    assert temporary_bytes(CARD, 8) == 8 * (4 * (10 + 100) + 5 * 10) * 4


def test_costs_grow_with_what_is_read() -> None:
    few = {"en": Reading(10, 40.0), "ja": Reading(10, 20.0)}
    many = {"en": Reading(1000, 40.0), "ja": Reading(1000, 20.0)}
    small, large = estimate(CARD, few, ScanSettings()), estimate(CARD, many, ScanSettings())
    assert small.seconds is not None
    assert large.seconds is not None
    assert small.seconds < large.seconds
    assert large.temporary == 100 * small.temporary
    assert small.tokens == round(10 * 40 * 0.3 + 10 * 20 * 0.8)
    assert permanent_bytes(CARD, 10, 2, ScanSettings()) < permanent_bytes(CARD, 10, 3, ScanSettings())


def test_no_speed_no_time() -> None:
    unknown = CARD.model_copy(update={"tokens_per_second": 0.0})
    assert estimate(unknown, {"en": Reading(10, 40.0)}, ScanSettings()).seconds is None


def test_without_anything_the_form_says_what_to_add_first(reader: TestClient) -> None:
    text = reader.get("/runs/new").text
    assert "No model has been inspected yet" in text
    assert "No corpus is stored yet" in text
    answer = reader.post("/runs", data={})
    assert answer.status_code == 422
    assert "Add a model first" in answer.text


def test_the_form_opens_with_everything_chosen_and_its_cost(client: TestClient, finished: str) -> None:
    text = client.get("/runs/new").text
    assert text.count('name="languages"') == text.count(" checked") - 1  # and the preset
    assert "What it will cost" in text
    assert "40 sentences" in text  # 5 languages of 8
    assert "the run will wait" in text or "No worker is running" in text


def test_the_estimate_follows_the_form_by_link_alone(client: TestClient, finished: str) -> None:
    model, corpus = ids(client)
    place = f"/runs/new?model={model}&corpus={corpus}&shown_corpus={corpus}&languages=ja&max_sentences=4"
    text = client.get(place).text
    assert "8 sentences" in text  # 4 of the pivot, 4 of one language
    assert text.count(" checked") == 2
    assert 'value="4"' in text


def test_starting_a_run_stores_it_with_its_job(
    client: TestClient, finished: str, sessions: sessionmaker[Session]
) -> None:
    model, corpus = ids(client)
    form = {"model": model, "corpus": corpus, "languages": ["ja", "th"], "preset": "paper", "name": "Two"}
    answer = client.post("/runs", data=form)
    assert answer.status_code == 303
    run_id = answer.headers["location"].removeprefix("/runs/")
    with sessions() as session:
        run = session.get_one(Run, run_id)
        job = session.get_one(Job, run.job_id)
        spec = ScanSpec.model_validate(run.spec)
        assert spec == ScanSpec.model_validate(job.spec)
        assert spec.languages == ("ja", "th")
        assert spec.settings == PRESETS["paper"]
        assert (run.name, run.status, job.subject, job.title) == ("Two", "queued", run.id, "Scan Two")
        assert job.estimate is not None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"model": "none"}, "There is no model none"),
        ({"corpus": "none"}, "There is no corpus none"),
        ({"languages": ["xx"]}, "has no sentences in xx"),
        ({"pivot": "fr"}, "has no sentences in fr"),
        ({"languages": ["en"], "shown_corpus": "same"}, "Choose at least one language"),
        ({"max_sentences": "0"}, "Sentences per language at most"),
    ],
)
def test_a_choice_that_cannot_be_keeps_the_form(
    client: TestClient, finished: str, changes: dict[str, str | list[str]], sentence: str
) -> None:
    model, corpus = ids(client)
    form = {"model": model, "corpus": corpus, "pivot": "en", "languages": ["ja"], "name": "Kept", **changes}
    if form.get("shown_corpus"):
        form["shown_corpus"] = corpus
    answer = client.post("/runs", data=form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Kept"' in answer.text
    assert len(client.get("/api/runs").json()) == 1


def test_the_api_starts_runs_with_the_same_checks(client: TestClient, finished: str) -> None:
    model, corpus = ids(client)
    wanted = {
        "model": model,
        "corpus": corpus,
        "languages": ["ja"],
        "settings": {"max_sentences": 4, "crossfit": False},
    }
    answer = client.post("/api/runs", json=wanted)
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert run["status"] == "queued"
    assert run["spec"]["settings"]["preset"] == "custom"
    assert run["spec"]["settings"]["crossfit"] is False
    assert run["estimate"]["sentences"] == 8
    assert run["summary"] is None
    refused = client.post("/api/runs", json={**wanted, "settings": {"colour": "red"}})
    assert refused.status_code == 422
    assert "“colour” is not a setting" in refused.json()["error"]
    assert client.post("/api/runs", json={**wanted, "preset": "best"}).status_code == 422
