"""Links: made from every view, read without anything else, expired and revoked, on both databases."""

import csv
import io
import re
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.db.session import utc_now
from app.db.tables import Job, Run, Share
from tests.app.shares.conftest import Share as Make


def test_every_view_of_a_run_can_be_shared_and_read(client: TestClient, finished: str, share: Make) -> None:
    base = f"/runs/{finished}"
    views = {
        base: ("Made-up run", "Alignment with"),
        f"{base}/figures?top=3&hl=ja": ("Made-up run", "Layers of transfer neurons"),
        f"{base}/figures/centroids?level=1": ("Centroids of the languages", "level 1"),
        f"{base}/map?level=1": ("level 1", "Trustworthiness"),
        f"{base}/neurons?language=ar&type=2&sort=eta2": ("Arabic Type-2 neurons", "Leave-one-out"),
        f"{base}/neurons/0/3": ("L0·3", "Language profile"),
    }
    for address, (title, content) in views.items():
        asked = client.get("/shares/new", params={"of": address})
        assert asked.status_code == 200, asked.text
        assert "Whoever has the link can read all of it" in asked.text
        token = share(address)
        page = client.get(f"/s/{token}")
        assert page.status_code == 200
        assert title in re.findall(r"<h1[^>]*>(.*?)</h1>", page.text)[0]
        assert content in page.text
        assert "a" * 64 in page.text, "the hash of the weights"
        assert "<script" not in page.text
        assert "@inproceedings" in page.text
        told = client.get(f"/s/{token}.json").json()
        assert told["provenance"]["tokenizer_hash"] == "b" * 64
        assert told["data"]["run"]["id"] == finished
        rows = list(csv.reader(io.StringIO(client.get(f"/s/{token}.csv").text)))
        assert len({len(row) for row in rows}) == 1
        assert client.get(f"/s/{token}/preview.png").content.startswith(b"\x89PNG")
        assert client.get(f"/s/{token}.bib").text.startswith("@misc{babelscope-")
        assert client.get(f"/s/{token}.py").status_code == 404


def test_the_csv_of_a_shared_table_holds_the_page_that_was_seen(client: TestClient, finished: str, share: Make) -> None:
    address = f"/runs/{finished}/neurons?language=ja&type=1&min_positive=0.4"
    token = share(address)
    rows = list(csv.DictReader(io.StringIO(client.get(f"/s/{token}.csv").text)))
    live = client.get(f"/api{address}").json()["rows"]
    assert [row["name"] for row in rows] == [row["name"] for row in live]
    assert [float(row["score"]) for row in rows] == [row["score"] for row in live]
    assert client.get(f"/s/{token}.json").json()["data"]["rows"] == live


def test_a_reader_causes_one_look_at_one_table(app: FastAPI, client: TestClient, finished: str, share: Make) -> None:
    token = share(f"/runs/{finished}")
    asked: list[str] = []
    event.listen(app.state.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for form in ("", ".json", ".csv", ".bib", "/embed", "/preview.png"):
        assert client.get(f"/s/{token}{form}").status_code == 200
    tables = {name for one in asked for name in re.findall(r"(?:FROM|JOIN|INTO|UPDATE) (\w+)", one)}
    assert tables == {"shares"}
    asked.clear()
    assert client.get(f"/s/{token}").status_code == 200
    assert len(asked) == 1
    assert "html" not in asked[0]


def test_headers_keep_a_shared_page_private(client: TestClient, finished: str, share: Make) -> None:
    token = share(f"/runs/{finished}")
    page = client.get(f"/s/{token}")
    assert page.headers["x-robots-tag"].startswith("noindex")
    assert '<meta name="robots" content="noindex' in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "private, no-cache"
    assert "script-src" not in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    again = client.get(f"/s/{token}", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    embed = client.get(f"/s/{token}/embed")
    assert "frame-ancestors *" in embed.headers["content-security-policy"]
    assert "default-src 'none'" in embed.headers["content-security-policy"]
    plain = client.get(f"/s/{token}", headers={"Accept-Encoding": "identity"})
    assert plain.content == page.content
    assert f'property="og:image" content="http://testserver/s/{token}/preview.png"' in page.text


def test_a_token_has_enough_random_bits(share: Make, finished: str) -> None:
    tokens = {share(f"/runs/{finished}/neurons") for _ in range(3)}
    assert len(tokens) == 3
    assert all(len(token) * 6 >= 128 for token in tokens)


def test_revoked_expired_and_unknown_links(
    client: TestClient, finished: str, share: Make, sessions: sessionmaker[Session]
) -> None:
    token, kept = share(f"/runs/{finished}"), share(f"/runs/{finished}/map", lifetime="hour")
    forms = ("", "/embed", ".json", ".csv", ".bib", "/preview.png")
    assert [client.get(f"/s/{token}{form}").status_code for form in forms] == [200] * 6
    assert client.post(f"/shares/{token}/revoke").status_code == 303
    assert [client.get(f"/s/{token}{form}").status_code for form in forms] == [410] * 6
    gone = client.get(f"/s/{token}")
    assert "taken back" in gone.text
    assert gone.headers["x-robots-tag"].startswith("noindex")
    with sessions() as session:
        row = session.get_one(Share, token)
        assert (row.html, row.data, row.table, row.preview) == ("", {}, "", None)
    first = row.revoked
    client.post(f"/shares/{token}/revoke")
    with sessions() as session:
        assert session.get_one(Share, token).revoked == first
    assert client.get(f"/s/{kept}").status_code == 200
    with sessions.begin() as session:
        session.execute(update(Share).where(Share.token == kept).values(expires=utc_now() - timedelta(seconds=1)))
    assert client.get(f"/s/{kept}").status_code == 410
    assert "ran out on" in client.get(f"/s/{kept}").text
    assert client.get(f"/s/{kept}.json").json()["error"].startswith("This link ran out")
    for unknown in ("x" * 32, "short", "ü" * 32):
        assert client.get(f"/s/{unknown}").status_code == 404
        assert client.get(f"/s/{unknown}.json").status_code == 404
    assert "whole link was copied" in client.get(f"/s/{'x' * 32}").text


def test_the_list_of_shares_filters_and_is_empty_at_first(
    client: TestClient, finished: str, share: Make, sessions: sessionmaker[Session]
) -> None:
    assert "Nothing is shared yet" in client.get("/shares").text
    one, two = share(f"/runs/{finished}", title="Ärger mit 100 %"), share(f"/runs/{finished}/map", lifetime="day")
    three = share(f"/runs/{finished}/neurons")
    client.post(f"/shares/{three}/revoke")

    def listed(**query: str) -> set[str]:
        answer = client.get("/api/shares", params=query).json()
        page = client.get("/shares", params=query).text
        found = {row["token"] for row in answer["shares"]}
        assert set(re.findall(r'<th scope="row"><a href="/shares/([^"]+)"', page)) == found
        assert answer["total"] == len(found)
        return found

    assert listed() == {one, two, three}
    assert listed(state="active") == {one, two}
    assert listed(state="revoked") == {three}
    assert listed(state="expired") == set()
    assert listed(kind="map") == {two}
    assert listed(q="100 %") == {one}
    assert listed(q="_") == set()
    assert "No link passes these filters" in client.get("/shares?state=expired").text
    shown = client.get(f"/shares/{one}").text
    assert f"http://testserver/s/{one}" in shown
    assert "&lt;iframe src=" in shown
    assert "<dd>you revoke it</dd>" in shown
    assert client.get("/shares").text.count("you revoke it") == 1, "one has an end, and one is revoked"
    assert "revoked on" in client.get(f"/shares/{three}").text


def test_what_cannot_be_shared_is_a_sentence(
    client: TestClient, finished: str, sessions: sessionmaker[Session]
) -> None:
    def refused(address: str, **fields: str) -> tuple[int, str]:
        asked, made = (
            client.get("/shares/new", params={"of": address}),
            client.post("/api/shares", json={"of": address, **fields}),
        )
        assert asked.status_code == made.status_code or fields
        return made.status_code, made.json()["error"]

    assert refused("/jobs")[0] == 404
    assert refused("")[0] == 404
    assert refused("https://example.org/")[0] == 404
    assert refused("/runs/new")[0] == 404
    assert refused("/runs/aaaaaaaaaaaa")[0] == 404
    assert refused(f"/runs/{finished}/figures/nonsense")[0] == 404
    assert refused(f"/runs/{finished}/map?level=99")[0] == 404
    assert refused(f"/runs/{finished}/neurons/99/0")[0] == 404
    assert refused(f"/runs/{finished}/neurons?language=xx")[0] == 422
    assert refused(f"/runs/{finished}/neurons?type=7")[0] == 422
    assert refused(f"/runs/{finished}", lifetime="forever")[0] == 422
    assert refused(f"/runs/{finished}", title="x" * 400)[0] == 422
    with sessions.begin() as session:
        session.execute(update(Run).values(status="running"))
    code, sentence = refused(f"/runs/{finished}")
    assert code == 409
    assert "is running and has no numbers" in sentence
    assert client.post("/shares/nonsense/revoke").status_code == 404
    assert client.get("/shares/nonsense").status_code == 404


def test_markup_in_names_stays_text(
    client: TestClient, finished: str, share: Make, sessions: sessionmaker[Session]
) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> \u202egnp"
    with sessions.begin() as session:
        session.execute(update(Run).values(name=evil))
    token = share(f"/runs/{finished}", title=evil)
    for page in (client.get(f"/s/{token}"), client.get(f"/s/{token}/embed"), client.get(f"/shares/{token}"),
                 client.get("/shares"), client.get("/shares/new", params={"of": f"/runs/{finished}"})):  # fmt: skip
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "<script>alert" not in page.text
        assert "\u202e" not in re.sub(r'(content|value|aria-label|title)="[^"]*"', "", page.text).split("<title>")[0]


def test_a_share_outlives_its_run(client: TestClient, finished: str, share: Make, app: FastAPI) -> None:
    token = share(f"/runs/{finished}")
    before = client.get(f"/s/{token}").text
    assert client.post(f"/runs/{finished}/delete").status_code == 303
    app.state.answers.__init__(1_000_000)
    assert client.get(f"/s/{token}").text == before


def test_sharing_queues_nothing(
    client: TestClient, finished: str, share: Make, sessions: sessionmaker[Session]
) -> None:
    with sessions() as session:
        before = session.scalars(select(Job.id)).all()
    share(f"/runs/{finished}/map")
    with sessions() as session:
        assert session.scalars(select(Job.id)).all() == before


@pytest.mark.parametrize("path", ["", "/figures", "/map", "/neurons", "/neurons/0/3"])
def test_every_shareable_page_has_the_button(client: TestClient, finished: str, path: str) -> None:
    page = client.get(f"/runs/{finished}{path}").text
    assert f"/shares/new?of=/runs/{finished}{path}" in page
    assert "data-share" not in client.get("/runs").text


def test_answers_in_memory_keep_to_their_bytes() -> None:
    from app.shares.reading import Answer, Answers

    answers = Answers(8_000)
    made = [Answer(bytes(700), bytes(200), "text/html", str(n), {}) for n in range(20)]
    for n, one in enumerate(made):
        answers.keep((str(n),), one)
    assert [n for n in range(20) if answers.get((str(n),))] == list(range(12, 20))
    answers.keep(("big",), Answer(bytes(2_000), b"", "text/html", "", {}))
    assert answers.get(("big",)) is None
