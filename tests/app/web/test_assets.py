import gzip
import os
import re
from pathlib import Path

from fastapi.testclient import TestClient

from app.web.assets import Assets

STATIC = Path(__file__).resolve().parents[3] / "static"


def test_the_address_in_a_page_may_be_kept_for_ever(reader: TestClient) -> None:
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', reader.get("/").text)
    assert len(addresses) >= 5
    for address in addresses:
        answer = reader.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_another_hash_or_none_is_asked_for_again(reader: TestClient) -> None:
    for address in ("/static/app.css", "/static/app.css?v=000000000000"):
        answer = reader.get(address)
        assert answer.headers["cache-control"] == "no-cache"
        again = reader.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_what_is_no_file_is_not_found(reader: TestClient) -> None:
    for address in (
        "/static/none.js",
        "/static/",
        "/static/js",
        "/static/../app/main.py",
        "/static/%2e%2e/app/main.py",
    ):
        assert reader.get(address).status_code == 404, address


def test_a_changed_file_has_another_address(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    assets = Assets(tmp_path)
    before = assets.address("a.css")
    assert before == assets.address("a.css")
    (tmp_path / "a.css").write_text("a { color: red }")
    os.utime(tmp_path / "a.css", ns=(1, 1))
    assert assets.address("a.css") != before


def test_scripts_and_sheets_stay_small() -> None:
    scripts = sum(len(gzip.compress(file.read_bytes())) for file in STATIC.rglob("*.js"))
    assert scripts <= 60_000
    assert len(gzip.compress((STATIC / "app.css").read_bytes())) <= 6_000
