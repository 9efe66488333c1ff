"""What the holder of a link gets: the frozen page, its embeddable form, its twins. Reads one row of one table."""

import gzip
import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.provenance import Provenance
from app.db.session import utc_now
from app.db.tables import Share
from app.errors import NotFound, ProductError
from app.shares.bibtex import bibtex
from app.shares.service import check_readable
from app.shares.words import kind_words, provenance_facts
from app.web.render import html

router = APIRouter()
TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")
# Kept by the reader's browser alone and asked for again each time, so that a revoked link is gone at once.
CACHING = "private, no-cache"
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
HEADERS = {
    "Cache-Control": CACHING,
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": f"{_POLICY}; frame-ancestors 'none'",
}
FRAMED = {
    "Content-Security-Policy": f"{_POLICY}; frame-ancestors *",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
LARGEST_SHARE = 8  # one answer may take up to this part of the memory for answers


@dataclass(frozen=True)
class Answer:
    """A finished answer with its entity tag; `packed` is the content as gzip."""

    content: bytes
    packed: bytes
    media: str
    tag: str
    headers: dict[str, str]


class Answers:
    """Finished answers kept in memory, at most `max_bytes`. A share never changes, so none goes stale."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = 0
        self._kept: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, ...]) -> Answer | None:
        """The answer kept under the key."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: tuple[str, ...], answer: Answer) -> None:
        """Keep an answer; the ones longest unasked make room."""
        size = _bytes(answer)
        if size > self._max_bytes // LARGEST_SHARE:
            return
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = answer
            self._held += size
            while self._held > self._max_bytes:
                self._held -= _bytes(self._kept.popitem(last=False)[1])


def _bytes(answer: Answer) -> int:
    return len(answer.content) + len(answer.packed)


Made = tuple[bytes, str, dict[str, str]]  # content, media type, headers beside HEADERS
Make = Callable[["Reading"], Made]
MEDIA = {"csv": "text/csv; charset=utf-8", "py": "text/x-python; charset=utf-8", "bib": "text/plain; charset=utf-8"}


@dataclass(frozen=True)
class Reading:
    """A share that is being read, and the request that names this server's address."""

    request: Request
    share: Share

    @property
    def address(self) -> str:
        """The whole address of the shared page."""
        return share_address(self.request, self.share.token)

    @property
    def provenance(self) -> Provenance:
        """Where the numbers come from."""
        return Provenance.model_validate(self.share.provenance)

    @property
    def citation(self) -> str:
        """BibTeX of the result and of the paper."""
        share = self.share
        return bibtex(share.title, self.address, share.token, self.provenance, share.created)

    def rendered(self, template: str) -> bytes:
        """A page around the frozen body."""
        response = html(
            self.request, template, share=self.share, address=self.address, kind=kind_words(self.share.kind),
            facts=list(provenance_facts(self.provenance)), citation=self.citation,
        )  # fmt: skip
        return bytes(response.body)

    def file(self, content: str, ending: str, missing: str = "") -> Made:
        """A text as a file. Raises NotFound with the sentence if there is none."""
        if not content:
            raise NotFound(missing)
        name = f"babelscope-{self.share.kind}-{self.share.created:%Y-%m-%d}.{ending}"
        return content.encode(), MEDIA[ending], {"Content-Disposition": f'inline; filename="{name}"'}


def share_address(request: Request, token: str) -> str:
    """The whole address of a shared page, for people and chat apps."""
    return f"{str(request.base_url).rstrip('/')}/s/{token}"


def _page(reading: Reading) -> Made:
    return reading.rendered("shares/read.html"), "text/html; charset=utf-8", {}


def _embed(reading: Reading) -> Made:
    return reading.rendered("shares/embed.html"), "text/html; charset=utf-8", FRAMED


def _json(reading: Reading) -> Made:
    share = reading.share
    told = {
        "title": share.title, "summary": share.summary, "kind": share.kind, "created": share.created.isoformat(),
        "provenance": share.provenance, "data": share.data,
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode(), "application/json", {}


def _csv(reading: Reading) -> Made:
    return reading.file(reading.share.table, "csv", "The shared view has no table, so there is no CSV of it.")


def _python(reading: Reading) -> Made:
    return reading.file(reading.share.code, "py", "Only comparisons can be had as Python; this is another view.")


def _bib(reading: Reading) -> Made:
    return reading.file(reading.citation, "bib")


def _picture(reading: Reading) -> Made:
    if reading.share.preview is None:
        raise NotFound("The shared view has no preview picture.")
    # Chat apps put the picture into pages of their own.
    return reading.share.preview, "image/png", {"Cross-Origin-Resource-Policy": "cross-origin"}


def _serve(form: str, make: Make) -> Callable[[Request], Response]:
    """The endpoint of one form of a shared view."""

    def endpoint(request: Request) -> Response:
        try:
            answer = _answer(request, form, make)
        except ProductError as error:
            return _refused(request, form, error)
        return _sent(request, answer)

    return endpoint


def _answer(request: Request, form: str, make: Make) -> Answer:
    token = request.path_params["token"]
    if TOKEN.fullmatch(token) is None:
        raise NotFound("There is no shared page at this address. Check that the whole link was copied.")
    sessions: sessionmaker[Session] = request.app.state.sessions
    answers: Answers = request.app.state.answers
    with sessions() as session:
        check_readable(session, token, utc_now())
        key = (token, form, str(request.base_url))
        known = answers.get(key)
        if known is not None:
            return known
        content, media, headers = make(Reading(request, session.get_one(Share, token)))
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    packed = b"" if media == "image/png" else gzip.compress(content, 6)
    answer = Answer(content, packed, media, tag, HEADERS | headers)
    answers.keep(key, answer)
    return answer


def _sent(request: Request, answer: Answer) -> Response:
    headers = {**answer.headers, "ETag": answer.tag, "Vary": "Accept-Encoding"}
    given = request.headers.get("if-none-match", "")
    if answer.tag in [part.strip() for part in given.split(",")]:
        return Response(status_code=304, headers=headers)
    if answer.packed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(answer.packed, media_type=answer.media, headers=headers)
    return Response(answer.content, media_type=answer.media, headers=headers)


def _refused(request: Request, form: str, error: ProductError) -> Response:
    headers = {**HEADERS, "Cache-Control": "no-store"}
    if form in ("page", "embed"):
        response = html(request, "shares/refused.html", error.status, error=error)
        response.headers.update(headers | (FRAMED if form == "embed" else {}))
        return response
    told = {"title": error.title, "error": str(error), "request_id": request.state.request_id}
    return JSONResponse(told, error.status, headers=headers)


for _path, _name, _make in (
    ("/{token}.json", "json", _json),
    ("/{token}.csv", "csv", _csv),
    ("/{token}.py", "python", _python),
    ("/{token}.bib", "bib", _bib),
    ("/{token}/preview.png", "picture", _picture),
    ("/{token}/embed", "embed", _embed),
    ("/{token}", "page", _page),
):
    router.add_route(f"/s{_path}", _serve(_name, _make), methods=["GET"], name=f"shares:read_{_name}")
