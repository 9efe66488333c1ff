"""A comparison's stream as one request sees it: drawn by a template, and minding pages that are left."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from app.comparisons.service import find_comparison, stop_comparison
from app.comparisons.stream import CompareStream, Scene, Watchers
from app.comparisons.view import TITLES, ResultQuery
from app.errors import ProductError
from app.web.deps import Queue
from app.web.render import html


async def comparison_stream(
    request: Request, comparison_id: str, queue: Queue, query: Annotated[ResultQuery, Query()]
) -> AsyncIterator[CompareStream]:
    """The stream of a comparison that exists; once its reader is gone, one that is to stop then stops.

    Raises NotFound before anything is sent. The end is minded here and not in the stream's own generator, which a
    reader that stalls would keep from ending.
    """
    sessions: sessionmaker[Session] = request.app.state.sessions
    watchers: Watchers = request.app.state.watchers

    def find() -> str:
        with sessions() as session:
            return find_comparison(session, comparison_id).row.job_id

    def draw(scene: Scene) -> str:
        return bytes(html(request, "comparisons/_event.html", scene=scene, titles=TITLES).body).decode()

    def stop() -> None:
        try:
            with sessions.begin() as session:
                stop_comparison(session, queue, comparison_id)
        except ProductError:
            return  # it has ended, or was deleted, meanwhile

    stream = CompareStream(sessions, await run_in_threadpool(find), draw)
    if query.leave != "stop":
        yield stream
        return
    watchers.came(comparison_id)
    try:
        yield stream
    finally:
        watchers.left(comparison_id, None if stream.ended else stop)
