"""Sweeps on pages: forms to jobs, wrong input told, results as figures, tables and files."""

from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.sets import PickedOrigin
from app.contracts.sweeps import Asked, DoseSpec, Line, MatrixSpec, Measured, PromptsSpec, SweepResult, Written
from app.db.runs import finished_run
from app.db.session import utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Experiment
from app.experiments.matrix import cells


def line(language: str, arm: str, dose: int, rate: float | None, nats: float, ablated: str = "") -> Line:
    told = None if rate is None else Measured(value=rate, low=max(rate - 0.1, 0), high=min(rate + 0.1, 1), n=9)
    return Line(
        language=language, arm=arm, dose=dose, ablated=ablated, outputs=9, language_rate=told, line_pass_rate=told,
        nats=Measured(value=nats, low=nats - 0.1, high=nats + 0.1, n=9),
        change=None if arm == "normal" else Measured(value=nats - 1, low=0, high=2, n=9),
    )  # fmt: skip


def store(sessions: sessionmaker[Session], experiment: str, lines: list[Line], asked: tuple[Asked, ...] = ()) -> None:
    result = SweepResult(lines=tuple(lines), asked=asked, edit="Neurons zeroed.", reached=4, doses=(0, 10), seconds=3)
    with sessions.begin() as session:
        row = session.get_one(Experiment, experiment)
        row.result, row.status = result.model_dump(mode="json"), "complete"


def started(client: httpx.Client, kind: str, **data: object) -> str:
    answer = client.post(f"/experiments/{kind}", data=data)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/experiments/")


def spec_of(sessions: sessionmaker[Session], experiment: str) -> dict[str, Any]:
    with sessions() as session:
        return session.get_one(Experiment, experiment).spec


def test_dose_response_from_the_form_to_its_figures(client, finished, sessions) -> None:
    text = client.get(f"/experiments/new/dose?run={finished}").text
    assert "0, 10, 30, 100, 300, 1000, 3000" in text
    experiment = started(client, "dose", run=finished, doses="10", languages=["ja"], prompts="4")
    spec = DoseSpec.model_validate(spec_of(sessions, experiment))
    assert (spec.doses, spec.languages, spec.prompts) == ((0, 10), ("ja",), 4)
    arms = ("type1", "control1", "type2", "control2")
    store(sessions, experiment, [line("ja", "normal", 0, 1, 1), *(line("ja", arm, 10, 0.5, 3) for arm in arms)])
    page = client.get(f"/experiments/{experiment}").text
    assert "Output in the language, by dose" in page
    assert "Perplexity, by dose" in page
    assert client.get(f"/experiments/{experiment}/figures/rates.svg").status_code == 200
    rows = client.get(f"/experiments/{experiment}.csv").text.splitlines()
    assert rows[1].startswith("ja,normal,0,")
    assert len(rows) == 6


def test_the_matrix_has_a_row_of_random_neurons(client, finished, sessions) -> None:
    experiment = started(client, "matrix", run=finished, top="3", type="1")
    spec = MatrixSpec.model_validate(spec_of(sessions, experiment))
    with sessions() as session:
        run = finished_run(session, finished)
    assert (spec.languages, spec.ablated, spec.type) == (run.spec.all_languages, run.spec.languages, 1)
    lines = [line(code, "normal", 0, 1, 1) for code in spec.languages]
    for code in spec.languages:
        for number, ablated in enumerate(spec.ablated):
            lines += [
                line(code, "set", 3, 0.2, 2 + number, ablated),
                line(code, "control", 3, None, 1 + number, ablated),
            ]
    store(sessions, experiment, lines)
    result = SweepResult(lines=tuple(lines), asked=(), edit="", reached=1, seconds=1)
    values = cells(result, spec, lambda one: one.change.value if one.change else np.nan)
    expected = [1 + number for number in range(len(spec.ablated))]
    assert values[:-1, 0].tolist() == expected
    assert values[-1, 0] == pytest.approx(np.mean(expected) - 1)
    page = client.get(f"/experiments/{experiment}").text
    assert "Change of nats per token" in page
    assert "random off" in page
    assert client.get(f"/experiments/{experiment}/figures/perplexity.json").status_code == 200


def test_a_list_of_prompts_with_text_that_is_shown_and_never_run(client, finished, sessions) -> None:
    with sessions.begin() as session:
        run = finished_run(session, finished)
        chosen = store_set(
            session, run.model, NewSet("few", np.array([[0, 1]], np.int32), PickedOrigin()), utc_now()
        ).id
    prompts = "<script>alert(1)</script>\n\n  السلام عليكم  "
    experiment = started(client, "prompts", run=finished, set=chosen, prompts=prompts, target="arb", draws="2")
    spec = PromptsSpec.model_validate(spec_of(sessions, experiment))
    assert [(one.text, one.target) for one in spec.prompts] == [
        ("<script>alert(1)</script>", "ar"), ("السلام عليكم", "ar"),
    ]  # fmt: skip
    written = [
        Written(
            arm=arm,
            dose=1,
            text="<b>نعم</b>",
            language="ar" if good else "en",
            in_target=good,
            line_pass=good,
            word_pass=None,
        )
        for arm, good in (("normal", True), ("set", False), ("control", True))
    ]
    asked = (Asked(prompt=spec.prompts[0].text, target="ar", outputs=tuple(written)),
             Asked(prompt=spec.prompts[1].text, target="ar", outputs=(written[0], written[2])))  # fmt: skip
    store(sessions, experiment, [line("", arm, 1, 0.5, 1) for arm in ("normal", "set", "control")], asked)
    page = client.get(f"/experiments/{experiment}").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "not ar" in page
    only = client.get(f"/experiments/{experiment}?show=switched").text
    assert only.count('<details class="asked"') == 1
    assert len(client.get(f"/experiments/{experiment}.csv").text.splitlines()) == 6


@pytest.fixture
def chosen(finished, sessions) -> str:
    """A set of the run's model."""
    with sessions.begin() as session:
        model = finished_run(session, finished).model
        return store_set(session, model, NewSet("few", np.array([[0, 1]], np.int32), PickedOrigin()), utc_now()).id


def test_prompts_come_from_files_with_their_languages(client, finished, sessions, chosen) -> None:
    table = 'prompt,language\n"Wat is\n\nleven?",nl\n„Was?“,de\nWie?,de\n'.encode()
    files = [("files", ("a.csv", table)), ("files", ("ja.txt", "猫\n犬\n".encode())), ("files", ("x.txt", b"Hi\n"))]
    fields = {"run": finished, "set": chosen, "prompts": "Hello", "target": "en", "each": "1"}
    answer = client.post("/experiments/prompts", data=fields, files=files)
    assert answer.status_code == 303, answer.text
    spec = PromptsSpec.model_validate(spec_of(sessions, answer.headers["location"].removeprefix("/experiments/")))
    assert [(one.text, one.target) for one in spec.prompts] == [
        ("Wat is\n\nleven?", "nl"), ("„Was?“", "de"), ("猫", "ja"), ("Hi", "en"), ("Hello", "en"),
    ]  # fmt: skip
    body = {"run": finished, "set": chosen, "files": [{"name": "ja.txt", "data": "猫\n"}]}
    made = client.post("/api/experiments", json={"kind": "prompts", "options": body})
    assert made.json()["spec"]["prompts"] == [{"text": "猫", "target": "ja"}], made.text


def test_a_broken_file_of_prompts_is_named_by_line_and_nothing_is_lost(client, finished, sessions, chosen) -> None:
    fields = {"run": finished, "set": chosen, "prompts": "kept"}
    answer = client.post(
        "/experiments/prompts", data=fields, files={"files": ("a.csv", b"prompt,language\nx,klingon\n")}
    )
    assert answer.status_code == 422
    assert "a.csv line 2: “klingon” is no language we know" in answer.text
    assert "choose them again" in answer.text
    assert ">kept</textarea>" in answer.text
    lines = {"files": ("a.txt", b"x\n" * 501)}
    assert "this one has 501" in client.post("/experiments/prompts", data={**fields, "prompts": ""}, files=lines).text
    with sessions() as session:
        assert session.query(Experiment).count() == 0


def test_a_form_with_chosen_files_says_when_they_are_read(client, finished, chosen) -> None:
    page = client.get("/experiments/new/prompts", params={"run": finished, "set": chosen, "files": "[object File]"})
    assert "Chosen files are read and checked when you press Start" in page.text
    assert page.headers["hx-replace-url"] == f"/experiments/new/prompts?run={finished}&set={chosen}"
    assert 'enctype="multipart/form-data"' in page.text
    page = client.get("/experiments/new/prompts", params={"run": finished, "set": chosen, "files": ""})
    assert "Write prompts, one a line, choose a file of them" in page.text
    assert "hx-replace-url" not in page.headers


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("dose", {"doses": "10, many"}, "“many” is no number of neurons"),
        ("dose", {"doses": ""}, "Give 1 to 19 doses"),
        ("dose", {"languages": ["xx"]}, "“xx” is no language that can be chosen here"),
        ("matrix", {"top": "100000"}, "take at most so many neurons"),
        ("harness", {"tasks": "one", "language": "ja", "top": "100000"}, "take at most so many neurons"),
        ("harness", {"tasks": "one", "language": "xx"}, "Choose the language whose neurons are switched off"),
        ("harness", {"tasks": "one", "neurons": "gone"}, "There is no neuron set"),
        ("matrix", {"prompts": "0", "sentences": "0"}, "Ask for prompts"),
        ("prompts", {"prompts": "a"}, "Choose a neuron set"),
        ("prompts", {"set": "nothing", "prompts": "a"}, "There is no neuron set"),
    ],
)
def test_wrong_input_is_told_and_nothing_is_queued(client, finished, sessions, kind, data, said) -> None:
    answer = client.post(f"/experiments/{kind}", data={"run": finished, **data})
    assert answer.status_code in {400, 404, 422}
    assert said in answer.text
    with sessions() as session:
        assert session.query(Experiment).count() == 0
