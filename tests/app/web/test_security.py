"""Headers, other sites' requests, sizes: what must hold for every answer."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PLACES = ("/", "/models", "/corpora", "/corpora/new", "/runs", "/runs/new", "/jobs", "/about", "/api", "/healthz")


@pytest.mark.parametrize("place", [*PLACES, "/nowhere", "/api/nowhere", "/static/app.css", "/runs/none"])
def test_every_answer_has_the_strict_policy_and_a_request_id(reader: TestClient, place: str) -> None:
    headers = reader.get(place).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch(r"[0-9a-f]{12}", headers["x-request-id"])


@pytest.mark.parametrize("place", PLACES[:-1])
def test_pages_vary_by_the_kind_of_htmx_request(reader: TestClient, place: str) -> None:
    answer = reader.get(place)
    assert answer.status_code == 200
    assert "HX-Request-Type" in answer.headers["vary"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    ],
)
@pytest.mark.parametrize("place", ["/models", "/api/models"])
def test_other_sites_pages_may_not_post(reader: TestClient, place: str, headers: dict[str, str]) -> None:
    answer = reader.post(place, headers=headers, data={"source": "owner/name"})
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert reader.get("/api/models").json() == []


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}, {"Sec-Fetch-Site": "none"}]
)
def test_our_own_pages_and_programs_may_post(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/models", headers=headers, data={"source": "owner/name"}).status_code == 303


def test_a_body_that_says_it_is_too_large_is_refused_unread(reader: TestClient) -> None:
    answer = reader.post("/models", content=b"x", headers={"Content-Length": "9000000"})
    assert answer.status_code == 413
    assert "2 MB" in answer.text


def test_a_body_without_length_is_stopped_as_it_comes(reader: TestClient) -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 100_000
            yield b"x" * 100_000

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert reader.post("/models", content=body(), headers=headers).status_code == 413


def test_templates_hold_no_inline_script_style_or_handler() -> None:
    assert len(TEMPLATES) > 15
    banned = re.compile(
        r"""<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=["']|javascript:|hx-on|\bjs:|hx-trigger="[^"]*\["""
    )
    found = [(file.name, hit[0]) for file in TEMPLATES for hit in banned.finditer(file.read_text())]
    assert found == []


def test_pages_name_no_other_host(reader: TestClient) -> None:
    for place in PLACES:
        assert not re.search(r"""(?:src|href|action)="(?:https?:)?//""", reader.get(place).text), place
