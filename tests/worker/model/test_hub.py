"""Models come from the hub pinned and without anything that runs, or the user reads why they do not."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest

from app.errors import ModelUnavailable, UnsupportedArchitecture
from tests.worker.tiny_models import make_tiny
from worker.model.hub import Hub
from worker.model.loading import load

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub(ThreadingHTTPServer):
    """The few answers of the hub that a download needs, from a folder; `refusal` is a status and an error code."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.folder = folder
        self.refusal: tuple[int, str] | None = None
        self.refuse_files_only = False
        self.sent: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: FakeHub

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        is_file = "/resolve/" in path
        if self.server.refusal is not None and (is_file or not self.server.refuse_files_only):
            status, code = self.server.refusal
            self._send(status, b"{}", {"X-Error-Code": code} if code else {})
        elif is_file:
            name = path.rsplit("/", 1)[1]
            content = (self.server.folder / name).read_bytes()
            self.server.sent.append(name)
            self._send(200, content, {"ETag": f'"{name}"', "X-Repo-Commit": COMMIT})
        elif "/tree/" in path:
            files = [
                {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": file.name}
                for file in self.server.folder.iterdir()
            ]
            self._send(200, json.dumps(files).encode(), {})
        else:
            self._send(200, json.dumps({"id": "owner/model", "sha": COMMIT, "siblings": []}).encode(), {})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), "Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeHub]:
    with FakeHub(make_tiny("llama", tmp_path / "model")) as made:
        thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_a_model_of_the_hub_is_pinned_and_then_on_this_machine(server: FakeHub, tmp_path: Path) -> None:
    (server.folder / "pytorch_model.bin").write_bytes(b"never asked for")
    hub = Hub(cache=tmp_path / "cache", endpoint=server.address)
    model = load("owner/model", "main", hub=hub)
    assert model.revision == model.card().revision == COMMIT
    assert "model.safetensors" in server.sent
    assert "pytorch_model.bin" not in server.sent
    server.sent.clear()
    assert load("owner/model", COMMIT, hub=hub).weight_hash == model.weight_hash
    assert server.sent == []


def test_an_unsupported_model_is_refused_before_its_weights_are_downloaded(server: FakeHub, tmp_path: Path) -> None:
    config = json.loads((server.folder / "config.json").read_text())
    (server.folder / "config.json").write_text(json.dumps({**config, "model_type": "mixtral"}))
    with pytest.raises(UnsupportedArchitecture):
        load("owner/model", hub=Hub(cache=tmp_path / "cache", endpoint=server.address))
    assert set(server.sent) == {"config.json"}


@pytest.mark.parametrize(
    ("status", "code", "files_only", "message"),
    [
        (404, "RepoNotFound", False, "The hub has no model owner/model"),
        (401, "", False, "The hub has no model owner/model, or it is private"),
        (404, "RevisionNotFound", False, "has no revision “v9”"),
        (403, "GatedRepo", True, "is gated. Accept its licence .* HF_TOKEN"),
        (401, "GatedRepo", True, "is gated. Accept its licence .* HF_TOKEN"),
        (403, "", False, "is gated. Accept its licence .* HF_TOKEN"),
        (500, "", False, r"answered with an error \(500\)"),
    ],
)
def test_what_the_hub_refuses_is_said(
    server: FakeHub, tmp_path: Path, status: int, code: str, files_only: bool, message: str
) -> None:
    server.refusal, server.refuse_files_only = (status, code), files_only
    with pytest.raises(ModelUnavailable, match=message):
        load("owner/model", "v9", hub=Hub(cache=tmp_path / "cache", endpoint=server.address))


def test_without_a_network(tmp_path: Path) -> None:
    closed = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    closed.server_close()
    hub = Hub(cache=tmp_path, endpoint=f"http://127.0.0.1:{closed.server_port}")
    with pytest.raises(ModelUnavailable, match="could not be reached"):
        load("owner/model", hub=hub)


@pytest.mark.parametrize("name", ["llama", "a/b/c", "owner/mo del", "owner/..", "https://example.org/x", ""])
def test_names_that_are_no_ids(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelUnavailable):
        load(name, hub=Hub(cache=tmp_path, endpoint="http://127.0.0.1:9"))
