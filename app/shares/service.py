"""Shares as rows: made from a frozen view, listed, taken back, and found for a reader."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, defer

from app.db.tables import Share
from app.errors import BadInput, Gone, NotFound
from app.figures.raster import png
from app.web.sharing import SharedView
from app.web.static_html import static_html

TOKEN_BYTES = 24  # 192 random bits
TITLE_LENGTH = 300
PAGE_ROWS = 50
State = Literal["active", "expired", "revoked"]
Lifetime = Literal["never", "hour", "day", "week", "month", "year"]
LIFETIMES: Mapping[Lifetime, tuple[str, timedelta | None]] = {
    "never": ("until I revoke it", None),
    "hour": ("one hour", timedelta(hours=1)),
    "day": ("one day", timedelta(days=1)),
    "week": ("one week", timedelta(weeks=1)),
    "month": ("30 days", timedelta(days=30)),
    "year": ("one year", timedelta(days=365)),
}
_CONTENT = (Share.html, Share.data, Share.table, Share.code, Share.preview)


class SharesQuery(BaseModel):
    """What the address of the list says; defaults are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: Literal["", "active", "expired", "revoked"] = ""
    kind: str = Field("", max_length=20)
    q: str = Field("", max_length=200, description="Words of the title.")
    page: int = Field(1, ge=1, le=10_000)


def create_share(session: Session, view: SharedView, lifetime: Lifetime, title: str, now: datetime) -> Share:
    """Store a frozen view under a new token. Raises BadInput for a title too long."""
    named = " ".join(title.split()) or view.title
    if len(named) > TITLE_LENGTH:
        raise BadInput(f"The title has {len(named)} characters; {TITLE_LENGTH} fit. Shorten it.")
    lasts = LIFETIMES[lifetime][1]
    share = Share(
        token=secrets.token_urlsafe(TOKEN_BYTES),
        kind=view.kind,
        address=view.address,
        title=named,
        summary=view.summary,
        styles=list(view.styles),
        html=str(static_html(view.body)),
        data={name: _finite(value) for name, value in view.data.items()},
        table=view.table,
        provenance=view.provenance.model_dump(mode="json"),
        code=view.code,
        preview=png(view.preview, 1.0),
        created=now,
        expires=None if lasts is None else now + lasts,
        revoked=None,
    )
    session.add(share)
    session.flush()
    return share


def _finite(value: object) -> object:
    """The value with None for the numbers that JSON cannot say, and lists for tuples."""
    if isinstance(value, Mapping):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def find_share(session: Session, token: str) -> Share:
    """The share in whatever state, without its content. Raises NotFound."""
    share = session.get(Share, token, options=[defer(column) for column in _CONTENT])
    if share is None:
        raise NotFound("There is no share with this address. Look in the list of shares.")
    return share


def revoke_share(session: Session, token: str, now: datetime) -> Share:
    """Take a link back for good and delete what it showed; a second time changes nothing. Raises NotFound."""
    share = find_share(session, token)
    if share.revoked is None:
        share.revoked = now
        share.html, share.data, share.table, share.code, share.preview = "", {}, "", "", None
        share.summary = ""
        session.flush()
    return share


def state_of(share: Share, now: datetime) -> State:
    """Whether the link can be read."""
    return refusal_state(share.expires, share.revoked, now) or "active"


def refusal_state(expires: datetime | None, revoked: datetime | None, now: datetime) -> State | None:
    """Why a link cannot be read; None if it can."""
    if revoked is not None:
        return "revoked"
    return "expired" if expires is not None and expires <= now else None


def check_readable(session: Session, token: str, now: datetime) -> None:
    """Raises NotFound for an unknown token, Gone for one that was revoked or has expired. Reads one row's times."""
    row = session.execute(select(Share.expires, Share.revoked).where(Share.token == token)).one_or_none()
    if row is None:
        raise NotFound("There is no shared page at this address. Check that the whole link was copied.")
    state = refusal_state(row.expires, row.revoked, now)
    if state == "revoked":
        raise Gone("This link was taken back by the person who shared it. Ask them for a new one.")
    if state == "expired":
        raise Gone(
            f"This link ran out on {row.expires:%Y-%m-%d at %H:%M} UTC. Ask the person who shared it for a new one."
        )


def list_shares(session: Session, query: SharesQuery, now: datetime) -> tuple[list[Share], int]:
    """A page of the shares that the query lets through, newest first, and how many there are in all."""
    wanted = _filtered(select(Share), query, now)
    total = session.scalar(_filtered(select(func.count()).select_from(Share), query, now)) or 0
    rows = wanted.options(*(defer(column) for column in _CONTENT)).order_by(Share.created.desc(), Share.token)
    return list(session.scalars(rows.limit(PAGE_ROWS).offset((query.page - 1) * PAGE_ROWS))), total


def count_states(session: Session, now: datetime) -> dict[State, int]:
    """How many shares there are in each state."""
    states: tuple[State, ...] = ("active", "expired", "revoked")
    return {
        state: session.scalar(select(func.count()).select_from(Share).where(_in_state(state, now))) or 0
        for state in states
    }


def _filtered(rows: Select[Any], query: SharesQuery, now: datetime) -> Select[Any]:
    if query.state:
        rows = rows.where(_in_state(query.state, now))
    if query.kind:
        rows = rows.where(Share.kind == query.kind)
    for word in query.q.split()[:8]:
        rows = rows.where(func.lower(Share.title).contains(word.lower(), autoescape=True))
    return rows


def _in_state(state: State, now: datetime) -> ColumnElement[bool]:
    if state == "revoked":
        return Share.revoked.is_not(None)
    if state == "expired":
        return and_(Share.revoked.is_(None), Share.expires <= now)
    return and_(Share.revoked.is_(None), or_(Share.expires.is_(None), Share.expires > now))
