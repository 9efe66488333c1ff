"""What endpoints ask for: a session that commits at the edge, the queue, the settings, the cache, the view.

What only looks something up is a coroutine: a plain function would cost the passage to a thread and back, and a page
asks for half a dozen of them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session, sessionmaker

from app.db.session import utc_now
from app.jobs.queue import JobQueue
from app.settings import Settings
from app.web.cache import ArrayCache
from app.web.render import View


def get_session(request: Request) -> Iterator[Session]:
    """A session that commits when the endpoint has returned, before the answer is sent."""
    sessions: sessionmaker[Session] = request.app.state.sessions
    with sessions() as session:
        yield session
        session.commit()


# scope="function": with the default the commit would come after the answer, and a failing one would still say 200.
Db = Annotated[Session, Depends(get_session, scope="function")]


async def get_now() -> datetime:
    """The moment of the request."""
    return utc_now()


Now = Annotated[datetime, Depends(get_now)]


async def get_settings(request: Request) -> Settings:
    """The settings the app was made with."""
    settings: Settings = request.app.state.settings
    return settings


async def get_queue(request: Request) -> JobQueue:
    """The queue of jobs, on the same database."""
    queue: JobQueue = request.app.state.queue
    return queue


async def get_cache(request: Request) -> ArrayCache:
    """The decoded arrays kept in memory."""
    cache: ArrayCache = request.app.state.cache
    return cache


async def get_view(request: Request, session: Db, now: Now) -> View:
    """Renders this request's templates."""
    return View(request, session, now)


Config = Annotated[Settings, Depends(get_settings)]
Queue = Annotated[JobQueue, Depends(get_queue)]
Cache = Annotated[ArrayCache, Depends(get_cache)]
Page = Annotated[View, Depends(get_view)]
