"""Pages of the neurons: what they show, their addresses, refusals, and that text stays text."""

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.contracts.ids import NeuronId
from tests.app.neurons.conftest import LANGUAGES, NEURONS, Scanned
from tests.support.synthetic_run import write_synthetic_run

TAG = re.compile(r"<[^>]+>")


def words(answer: str) -> str:
    """What a reader sees."""
    return " ".join(html.unescape(TAG.sub(" ", answer)).split())


def lead(answer: str) -> str:
    """The sentence of an error page."""
    found = re.search(r'<p class="lead">(.*?)</p>', answer)
    assert found is not None
    return html.unescape(found[1])


def detailed(page: TestClient, scanned: Scanned, kind: int = 1) -> list[dict[str, Any]]:
    """Rows of neurons with details."""
    rows: list[dict[str, Any]] = page.get(f"/api/runs/{scanned.run}/neurons?details=1&type={kind}").json()["rows"]
    return rows


def test_the_table_is_one_small_page(page: TestClient, scanned: Scanned) -> None:
    answer = page.get(f"/runs/{scanned.run}/neurons")
    assert answer.status_code == 200
    assert len(answer.content) <= 60_000
    assert answer.text.count('<th scope="row">') == 50
    assert "120 neurons: Type-1 scores of 日本語" in words(answer.text)


def test_headers_are_links_that_say_how_the_table_is_sorted(page: TestClient, scanned: Scanned) -> None:
    text = page.get(f"/runs/{scanned.run}/neurons?sort=eta2&dir=asc&language=hi").text
    assert text.count("aria-sort=") == 1
    assert re.search(r'<th [^>]*aria-sort="ascending"><a id="by-eta2" href="[^"]*\?language=hi&amp;sort=eta2"', text)
    assert f'id="by-score" href="/runs/{scanned.run}/neurons?language=hi"' in text
    first = page.get(f"/runs/{scanned.run}/neurons").text
    assert re.search(r'aria-sort="descending"><a id="by-score" href="[^"]*\?dir=asc"', first)


def test_links_lead_through_all_rows_and_back(page: TestClient, scanned: Scanned) -> None:
    address, seen = f"/runs/{scanned.run}/neurons?type=2&every=1", []
    while True:
        text = page.get(address).text
        seen += re.findall(r">(L\d+·\d+)</a>", text)
        more = re.search(r'<a href="([^"]*after=[^"]*)">', text)
        if more is None:
            break
        address = html.unescape(more[1])
    assert len(seen) == len(set(seen)) == 5 * NEURONS
    back = re.search(r'id="previous" href="([^"]*)"', text)
    assert back is not None
    assert seen[-100:-50] == re.findall(r">(L\d+·\d+)</a>", page.get(html.unescape(back[1])).text)


def test_more_rows_are_a_fragment_and_stop_at_a_thousand(page: TestClient, scanned: Scanned) -> None:
    rows = page.get(f"/runs/{scanned.run}/neurons/rows?every=1&shown=50").text
    assert "<html" not in rows
    assert rows.lstrip().startswith("<tr")
    assert "shown=100" in rows
    assert 'hx-trigger="intersect once' in rows
    last = page.get(f"/runs/{scanned.run}/neurons/rows?every=1&shown=950").text
    assert "hx-get" not in last
    assert "Continue behind row 50" in words(last)


def test_the_form_keeps_what_was_asked(page: TestClient, scanned: Scanned) -> None:
    text = page.get(
        f"/runs/{scanned.run}/neurons?language=th&type=2&first=3&last=4&min_eta2=0.1&every=1&sort=mean"
    ).text
    for part in (
        'value="th" lang="th" selected', '<option value="2" selected',
        'name="first" type="number" min="0" max="4" value="3"',
        'name="min_eta2" inputmode="decimal" size="6" value="0.1"', 'name="every" value="1" checked',
        '<input type="hidden" name="sort" value="mean">',
    ):  # fmt: skip
        assert part in text


def test_an_empty_table_says_what_to_do(page: TestClient, scanned: Scanned) -> None:
    text = words(page.get(f"/runs/{scanned.run}/neurons?type=2&min_score=1e30").text)
    assert "No neuron passes these filters. Lower a limit, widen the layers, or reset the filters ." in text


def test_behind_the_last_row(page: TestClient, scanned: Scanned) -> None:
    text = words(page.get(f"/runs/{scanned.run}/neurons?after=nan~4~39").text)
    assert "There are no more rows behind this one." in text


@pytest.mark.parametrize("name", ["L1·4", "L1N4", "1/4", "1.4", " l1:4 "])
def test_the_jump_box_takes_every_spelling(page: TestClient, scanned: Scanned, name: str) -> None:
    answer = page.get(f"/runs/{scanned.run}/neurons/jump", params={"to": name})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/runs/{scanned.run}/neurons/1/4"


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("/jump?to=foo", 422, "“foo” is not a neuron. Write layer and neuron as L18·4021, 18/4021 or 18.4021."),
        ("/jump?to=9.1", 404, "made-up/babel-tiny has layers 0–4; there is no layer 9."),
        ("/jump?to=1.4000", 404, "Layer 1 has neurons 0–39; there is no L1·4000."),
        ("/4/40", 404, "Layer 4 has neurons 0–39; there is no L4·40."),
        ("/5/0", 404, "made-up/babel-tiny has layers 0–4; there is no layer 5."),
        ("?language=xx", 422, "The language xx is not in this run. Choose one of ja, ar, hi, th."),
        (
            "?after=1",
            422,
            "“1” is no place in this table. A place is value~layer~neuron, as links to more rows have it.",
        ),
        ("?type=3", 422, "type: must be at most 2."),
        ("?min_eta2=abc", 422, "min_eta2: must be a number."),
        ("?min_score=nan", 422, "min_score: must be a finite number."),
    ],
)
def test_refusals_are_sentences(page: TestClient, scanned: Scanned, address: str, status: int, sentence: str) -> None:
    answer = page.get(f"/runs/{scanned.run}/neurons{address}")
    assert answer.status_code == status
    assert lead(answer.text) == sentence


def test_a_run_that_is_not_there(page: TestClient) -> None:
    answer = page.get("/runs/nothere/neurons")
    assert answer.status_code == 404
    assert lead(answer.text).startswith("There is no run nothere")


def test_every_script_is_shown_in_its_language_and_direction(page: TestClient, scanned: Scanned) -> None:
    text = page.get(scanned.hostile()).text
    for language, direction in (("en", "ltr"), ("ja", "ltr"), ("ar", "rtl"), ("hi", "ltr"), ("th", "ltr")):
        assert f'<bdi class="heat" lang="{language}" dir="{direction}">' in text
    shown = html.unescape(TAG.sub("", text))
    for part in (
        "The garden is older", "その庭は家よりも古いです。", "الحديقة أقدم من البيت", "यह फुलवारी घर से भी",
        "สวนเก่ากว่าบ้าน", "👩🏽‍🔬",
    ):  # fmt: skip
        assert part in shown


def test_markup_and_marks_of_texts_are_shown(page: TestClient, scanned: Scanned) -> None:
    text = "".join(page.get(f"{scanned.hostile()}?of={language}").text for language in ("en", "ar"))
    assert "<img" not in text
    assert html.unescape(TAG.sub("", text)).count('<img src=x onerror="document.title=1">') == 2
    assert "\u202e" not in text
    assert "⟨U+202E⟩" in text
    assert "\x07" not in text
    assert "⟨U+0007⟩" in text
    assert 'style="' not in text
    assert "<script>" not in text
    assert not re.search(r"<[^>]*\son[a-z]+=", re.sub(r'title="[^"]*"', "", text))


def test_a_neuron_page_is_complete_and_small(page: TestClient, scanned: Scanned) -> None:
    row = detailed(page, scanned)[0]
    answer = page.get(f"/runs/{scanned.run}/neurons/{row['layer']}/{row['neuron']}")
    text = words(answer.text)
    assert len(answer.content) <= 150_000
    for title in ("Language profile", "Activation by sentence", "Scores", "What it writes", "Promoted tokens",
                  "Suppressed tokens", "On text", "Where it sits", "Similar neurons"):  # fmt: skip
        assert title in text
    assert answer.text.count('class="histogram"') == answer.text.count('class="bars"') == 1 + len(LANGUAGES)
    assert f"/api/runs/{scanned.run}/neurons/{row['layer']}/{row['neuron']}" in answer.text


def test_a_neuron_page_begins_a_set_or_a_comparison_with_it(page: TestClient, scanned: Scanned) -> None:
    text = page.get(f"/runs/{scanned.run}/neurons/3/5").text
    form = re.search(r'<form[^>]* action="(/sets/new/picked)".*?</form>', text)
    assert form is not None
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    other = re.search(r'formaction="([^"]+)"', form[0])
    assert other is not None
    chosen = page.get(form[1], params=fields)
    assert chosen.status_code == 200
    assert re.search(r'<textarea id="text"[^>]*>L3·5</textarea>', chosen.text)
    assert other[1] in page.get(f"/runs/{scanned.run}/neurons").text
    assert page.get(other[1], params=fields).status_code == 200


def test_the_rank_of_the_page_is_the_place_in_the_table(page: TestClient, scanned: Scanned) -> None:
    for kind in (1, 2):
        for row in page.get(f"/api/runs/{scanned.run}/neurons?type={kind}&language=ar").json()["rows"][::7]:
            scores = page.get(f"/api/runs/{scanned.run}/neurons/{row['layer']}/{row['neuron']}").json()["scores"]
            own = next(one for one in scores if one["language"] == "ar" and one["type"] == kind)
            assert own["rank"] == (None if row["score"] is None and row["place"] > 1 else row["place"])


def test_neighbours_run_through_the_layers(page: TestClient, scanned: Scanned) -> None:
    base = f"/runs/{scanned.run}/neurons"
    text = page.get(f"{base}/1/0?language=th&profile=sd&of=ja").text
    assert f'rel="prev" href="{base}/0/39?language=th&amp;profile=sd"' in text
    assert f'rel="next" href="{base}/1/1?language=th&amp;profile=sd"' in text
    assert 'rel="prev"' not in page.get(f"{base}/0/0").text
    assert 'rel="next"' not in page.get(f"{base}/4/39").text


def test_the_profile_shows_what_was_chosen(page: TestClient, scanned: Scanned) -> None:
    address = f"/runs/{scanned.run}/neurons/3/3"
    activity = page.get(f"/api{address}").json()["activity"]
    for profile in ("positive", "mean", "sd"):
        text = page.get(f"{address}?profile={profile}").text
        for one in activity:
            if one[profile] is not None:
                assert f'value="{one[profile]!r}"' in text
    assert page.get(f"{address}?profile=median").status_code == 422


def test_examples_of_one_language(page: TestClient, scanned: Scanned) -> None:
    row = detailed(page, scanned)[0]
    address = f"/runs/{scanned.run}/neurons/{row['layer']}/{row['neuron']}"
    stored = page.get(f"/api{address}").json()["detail"]["examples"]
    text = page.get(f"{address}?of=hi").text
    assert text.count('<bdi class="heat"') == sum(one["language"] == "hi" for one in stored)


def test_a_neuron_without_details_says_why(page: TestClient, scanned: Scanned) -> None:
    rows = page.get(f"/api/runs/{scanned.run}/neurons").json()["rows"]
    plain = next(row for row in rows if not row["detailed"])
    text = words(page.get(f"/runs/{scanned.run}/neurons/{plain['layer']}/{plain['neuron']}").text)
    assert "Not computed. Only the top 1 000 neurons per language and type have examples" in text.replace("\u2009", " ")


def test_silent_languages_say_so(page: TestClient, scanned: Scanned) -> None:
    texts = [
        words(page.get(f"/runs/{scanned.run}/neurons/{row['layer']}/{row['neuron']}").text)
        for row in detailed(page, scanned)
    ]
    assert any("ไทย · th no activation above 0 in 560 tokens" in text for text in texts)


def test_both_databases_serve_the_pages(client: TestClient, finished: str) -> None:
    row = client.get(f"/api/runs/{finished}/neurons?details=1").json()["rows"][0]
    for address in ("", ".csv", "/rows", f"/{row['layer']}/{row['neuron']}"):
        assert client.get(f"/runs/{finished}/neurons{address}").status_code == 200


def test_a_run_without_details_or_texts(scanned: Scanned, page: TestClient) -> None:
    with scanned.app.state.sessions.begin() as session:
        run = write_synthetic_run(session, layers=2, neurons=8, hidden=4, languages=("ja",), scores_only=True)
    assert page.get(f"/runs/{run}/neurons").status_code == 200
    assert "Not computed." in words(page.get(f"/runs/{run}/neurons/1/7").text)


def test_names_read_back(page: TestClient, scanned: Scanned) -> None:
    for row in page.get(f"/api/runs/{scanned.run}/neurons?sort=neuron&dir=asc").json()["rows"]:
        assert NeuronId.parse(row["name"]) == NeuronId(row["layer"], row["neuron"])
