"""Arrays and pictures as files with an entity tag: asked for again, an unchanged one is not sent."""

import hashlib
from collections.abc import Callable

import numpy as np
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun
from app.errors import NotFound
from app.maps.view import Maps

FOR_EVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"
VERSION = 12  # digits of a hash that addresses carry


def array_file(request: Request, session: Session, maps: Maps, run: FinishedRun, name: str) -> Response:
    """The little-endian bytes of an array; kept for ever where `?v=` begins its content hash. Raises NotFound."""
    entry = ArrayStore(session).entry(run.owner, name)
    if entry is None:
        raise NotFound(f"There is no array “{name}” in this run. It may not be computed yet, or was deleted.")
    return versioned_file(request, entry.hash, lambda: maps.array(run, name))


def versioned_file(request: Request, content_hash: str, read: Callable[[], np.ndarray]) -> Response:
    """The little-endian bytes of what `read` gives; kept for ever where `?v=` begins the hash that tells it apart."""
    version = request.query_params.get("v", "")
    keep = FOR_EVER if len(version) >= VERSION and content_hash.startswith(version) else ASK_AGAIN
    headers = {"ETag": f'"{content_hash}"', "Cache-Control": keep}
    if _known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(read().tobytes(), media_type="application/octet-stream", headers=headers)


def picture_file(request: Request, content: bytes, media: str, name: str) -> Response:
    """A drawing as a file named `name`."""
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": ASK_AGAIN, "Content-Disposition": f'inline; filename="{name}"'}
    if _known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media, headers=headers)


def _known(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    return given == "*" or tag in [part.strip().removeprefix("W/") for part in given.split(",")]
