"""Shares as JSON."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, status
from pydantic import BaseModel, Field

from app.db.tables import Share
from app.shares import service
from app.shares.pages import Freezes
from app.shares.reading import share_address
from app.shares.service import Lifetime, SharesQuery, State
from app.web.deps import Db, Now
from app.web.errors import REFUSED

router = APIRouter(prefix="/shares", tags=["shares"], responses=REFUSED)


class ShareRequest(BaseModel):
    """What to share: the address of a view on this server, path and query."""

    of: str = Field(max_length=8000)
    lifetime: Lifetime = "never"
    title: str = Field("", max_length=2000)


class ShareAnswer(BaseModel):
    """A link and what it stands for."""

    token: str
    link: str
    kind: str
    title: str
    view: str = Field(description="Address of the live view.")
    state: State
    created: datetime
    expires: datetime | None
    revoked: datetime | None


class SharesAnswer(BaseModel):
    """A page of the links."""

    total: int
    shares: tuple[ShareAnswer, ...]


def _answer(request: Request, share: Share, now: datetime) -> ShareAnswer:
    return ShareAnswer(
        token=share.token, link=share_address(request, share.token), kind=share.kind, title=share.title,
        view=share.address, state=service.state_of(share, now), created=share.created, expires=share.expires,
        revoked=share.revoked,
    )  # fmt: skip


@router.get("")
def shares(request: Request, query: Annotated[SharesQuery, Query()], db: Db, now: Now) -> SharesAnswer:
    """Fifty links, newest first."""
    rows, total = service.list_shares(db, query, now)
    return SharesAnswer(total=total, shares=tuple(_answer(request, row, now) for row in rows))


@router.post("", status_code=status.HTTP_201_CREATED)
def create(request: Request, asked: ShareRequest, freezer: Freezes, db: Db, now: Now) -> ShareAnswer:
    """Make a link; whoever has it can read all that the view shows, prompts included."""
    share = service.create_share(db, freezer.freeze(asked.of), asked.lifetime, asked.title, now)
    return _answer(request, share, now)


@router.get("/{token}")
def share(request: Request, token: str, db: Db, now: Now) -> ShareAnswer:
    """One link."""
    return _answer(request, service.find_share(db, token), now)


@router.post("/{token}/revoke")
def revoke(request: Request, token: str, db: Db, now: Now) -> ShareAnswer:
    """Take a link back for good."""
    return _answer(request, service.revoke_share(db, token, now), now)
