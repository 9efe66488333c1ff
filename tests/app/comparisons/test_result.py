"""The page of a finished comparison: what it shows, its switches, its files, and that model text stays text."""

import csv
import html
import io
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.comparisons.view import ResultQuery, beyond_control, result_view
from app.contracts.comparisons import CompareResult, Metric, Rate
from tests.support.synthetic_comparison import TEXTS, made_result, write_synthetic_comparison

TAG = re.compile(r"<[^>]+>")


def words(answer: str) -> str:
    """What a reader sees."""
    return " ".join(html.unescape(TAG.sub("", answer)).split())


def column(answer: str, role: str) -> str:
    """The text of a column as markup."""
    found = re.search(rf'<div class="output" id="text-{role}"[^>]*>(.*?)</div>', answer, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def japanese(finished: str, sessions: sessionmaker[Session]) -> str:
    with sessions.begin() as session:
        return write_synthetic_comparison(session, finished)


def test_the_page_shows_everything_that_was_measured(client: TestClient, japanese: str) -> None:
    answer = client.get(f"/comparisons/{japanese}")
    assert answer.status_code == 200
    seen = words(answer.text)
    for expected in (
        "Normal", "Ablated", "Random control", "✗ lines fail", "✓ lines pass", "93 %", "⟂ diverges at token 3",
        "switches to en at token 3", "zeroed 3 neurons in layers 0-2", "14 tokens, ended by itself",
        "The other 2 control draws", "Rate of the target language", "[0.920, 1.00]", "outside the controls' interval",
        "Share of languages by level", "same forced text", "Provenance", "Edit norm, ablated",
    ):  # fmt: skip
        assert expected in seen, expected
    assert words(column(answer.text, "normal")) == "".join(TEXTS["ja"][1])
    assert words(column(answer.text, "ablated")) == "".join(TEXTS["ja"][2]).replace(" good", "⟂ good")
    assert answer.text.count('class="figure tokens') == 3
    assert answer.text.count("/shares/new?of=") == 1


def test_differences_are_marked_by_the_address(client: TestClient, japanese: str) -> None:
    assert 'class="t differs' not in column(client.get(f"/comparisons/{japanese}").text, "ablated")
    marked = column(client.get(f"/comparisons/{japanese}?diff=words").text, "control")
    assert re.findall(r'class="t[^"]*differs[^"]*"[^>]*>([^<]*)<', marked) == ["も", "晴れ"]
    assert client.get(f"/comparisons/{japanese}?diff=nonsense").status_code == 422


def test_a_token_by_the_address_and_by_its_fragment(client: TestClient, japanese: str) -> None:
    whole = client.get(f"/comparisons/{japanese}?token=3").text
    part = client.get(f"/comparisons/{japanese}/tokens/3").text
    assert words(part) in words(whole)
    seen = words(part)
    assert "Token 3 良い" in seen
    assert "KL(normal ‖ ablated)1.67" in seen
    assert part.count("<li") == 30
    assert "data-step" in part
    assert client.get(f"/comparisons/{japanese}/tokens/14").status_code == 404
    assert "Hover over a token" in client.get(f"/comparisons/{japanese}?token=999").text


def test_markup_and_direction_marks_of_prompt_and_model_are_shown(
    client: TestClient, finished: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        made = write_synthetic_comparison(session, finished, "en")
    text = client.get(f"/comparisons/{made}?diff=graphemes&token=5").text
    assert "<b>Rome" not in text
    assert "&lt;b&gt;Rome&lt;/b&gt;" in text
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "U+202E" in text


def test_several_samples_are_switched(client: TestClient, finished: str, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        made = write_synthetic_comparison(session, finished, samples=3)
    first, second = client.get(f"/comparisons/{made}").text, client.get(f"/comparisons/{made}?sample=1").text
    assert 'href="/comparisons/' in first
    assert "?sample=1" in first
    assert "of 3; the table has the rates" in first
    assert "Strips and token numbers" in first
    assert "Strips and token numbers" not in second  # only the first sample is forced
    assert client.get(f"/comparisons/{made}?sample=9").status_code == 200


def changed(result: CompareResult, **output: object) -> CompareResult:
    return result.model_copy(
        update={"outputs": tuple(o.model_copy(update=output) if o.role == "ablated" else o for o in result.outputs)}
    )


def test_no_effect_is_said(client: TestClient, finished: str, sessions: sessionmaker[Session]) -> None:
    result = made_result("ja")
    same = changed(result, tokens=result.outputs[0].tokens, pieces=result.outputs[0].pieces)
    with sessions.begin() as session:
        made = write_synthetic_comparison(session, finished, changes={"outputs": same.outputs})
    seen = words(client.get(f"/comparisons/{made}").text)
    assert "Identical output. 3 neurons were changed and the text stayed the same" in seen
    assert "Try more neurons or “generated tokens”" in seen


def test_nothing_reached_hides_the_result(client: TestClient, finished: str, sessions: sessionmaker[Session]) -> None:
    result = made_result("ja")
    edit = result.outputs[1].edit
    assert edit is not None
    missed = changed(result, edit=edit.model_copy(update={"reached": 0}))
    with sessions.begin() as session:
        made = write_synthetic_comparison(session, finished, changes={"outputs": missed.outputs})
    text = client.get(f"/comparisons/{made}").text
    assert "0 of 3 neurons were reached." in words(text)
    assert 'class="output"' not in text


def test_stopped_keeps_the_partial_text(client: TestClient, finished: str, sessions: sessionmaker[Session]) -> None:
    outputs = changed(made_result("ja"), stop="stopped").outputs
    with sessions.begin() as session:
        made = write_synthetic_comparison(session, finished, changes={"outputs": outputs, "stopped": True})
    seen = words(client.get(f"/comparisons/{made}").text)
    assert "Stopped. What was written until then is kept" in seen
    assert "12 tokens, stopped at 12 tokens" in seen


def test_files(client: TestClient, japanese: str) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get(f"/comparisons/{japanese}/metrics.csv").text)))
    assert [row["value"] for row in rows if row["metric"] == "target_rate"] == ["1.0", "0.25", "0.97"]
    tokens = list(csv.DictReader(io.StringIO(client.get(f"/comparisons/{japanese}/tokens.csv").text)))
    assert "".join(row["piece"] for row in tokens if row["role"] == "ablated") == "".join(TEXTS["ja"][2])
    assert len([row for row in tokens if row["role"] == "forced ablated"]) == 14
    stored = client.get(f"/comparisons/{japanese}.json").json()
    assert CompareResult.model_validate(stored["result"]) == made_result("ja")
    assert client.get(f"/api/comparisons/{japanese}").json()["result"] == stored["result"]
    assert client.get("/comparisons/none").status_code == 404
    assert client.get("/comparisons/none/metrics.csv").status_code == 404


def test_rename_and_delete(client: TestClient, japanese: str) -> None:
    client.post(f"/comparisons/{japanese}/name", data={"name": "Another"})
    assert "Another" in client.get("/comparisons").text
    assert client.post(f"/comparisons/{japanese}/delete").headers["location"] == "/comparisons"
    assert client.get(f"/comparisons/{japanese}").status_code == 404


def test_beyond_control() -> None:
    def metric(ablated: float, low: float | None) -> Metric:
        control = Rate(value=0.5, low=low, high=None if low is None else 0.6, n=5)
        return Metric(name="m", title="M", normal=None, ablated=Rate(value=ablated, n=1), control=control)

    assert beyond_control(metric(0.3, 0.4))
    assert not beyond_control(metric(0.45, 0.4))
    assert not beyond_control(metric(0.3, None))


def test_tokens_behind_the_divergence_are_not_compared() -> None:
    view = result_view(made_result("ja"), ResultQuery())
    assert [(one.role, one.diverges, one.comparable) for one in view.columns] == [
        ("normal", None, 14), ("ablated", 3, 4), ("control", 8, 9),
    ]  # fmt: skip
