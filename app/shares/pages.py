"""Making, listing and taking back links."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment
from markupsafe import Markup

from app.shares import service
from app.shares.reading import share_address
from app.shares.service import LIFETIMES, Lifetime, SharesQuery
from app.shares.words import kind_words
from app.web.deps import Cache, Db, Now, Page
from app.web.render import see_other
from app.web.sharing import SharedView, Sharers
from app.web.static_html import static_html

router = APIRouter(prefix="/shares")


class Freezer:
    """Freezes views within one request."""

    def __init__(self, request: Request, session: Db, cache: Cache) -> None:
        self._request, self._session, self._cache = request, session, cache

    def freeze(self, address: str) -> SharedView:
        """The view at an address of this server. Raises NotFound, or whatever its page raises."""
        sharers: Sharers = self._request.app.state.sharers
        return sharers.snapshot(self._session, self._cache, self._render, address)

    def _render(self, name: str, **context: object) -> Markup:
        environment: Environment = self._request.app.state.templates
        return Markup(environment.get_template(name).render(context))  # noqa: S704 - templates escape


Freezes = Annotated[Freezer, Depends(Freezer)]


@router.get("", name="shares:list")
def shares(request: Request, query: Annotated[SharesQuery, Query()], db: Db, now: Now, view: Page) -> HTMLResponse:
    """Every link that was made."""
    rows, total = service.list_shares(db, query, now)
    sharers: Sharers = request.app.state.sharers
    return view.page(
        "shares/list.html", state=query, query=query, rows=rows, total=total, counts=service.count_states(db, now),
        state_of=lambda share: service.state_of(share, now), kind_words=kind_words, kinds=sharers.kinds,
        more=query.page * service.PAGE_ROWS < total, address=lambda token: share_address(request, token),
    )  # fmt: skip


@router.get("/new", name="shares:new")
def new(freezer: Freezes, view: Page, of: Annotated[str, Query(max_length=8000)] = "") -> HTMLResponse:
    """What would be shared, and what that means, before anything is."""
    frozen = freezer.freeze(of)
    return view.page(
        "shares/new.html", frozen=frozen, body=static_html(frozen.body), of=of, lifetimes=LIFETIMES,
        kind=kind_words(frozen.kind),
    )  # fmt: skip


@router.post("", name="shares:create")
def create(
    freezer: Freezes, db: Db, now: Now, of: Annotated[str, Form(max_length=8000)],
    lifetime: Annotated[Lifetime, Form()] = "never", title: Annotated[str, Form(max_length=2000)] = "",
) -> RedirectResponse:  # fmt: skip
    """Make the link."""
    share = service.create_share(db, freezer.freeze(of), lifetime, title, now)
    return see_other(f"/shares/{share.token}")


@router.get("/{token}", name="shares:page")
def page(request: Request, token: str, db: Db, now: Now, view: Page) -> HTMLResponse:
    """A link with its forms: address, picture, embedding, files."""
    share = service.find_share(db, token)
    return view.page(
        "shares/page.html", share=share, state=None, standing=service.state_of(share, now),
        address=share_address(request, token), kind=kind_words(share.kind),
    )  # fmt: skip


@router.post("/{token}/revoke", name="shares:revoke")
def revoke(token: str, db: Db, now: Now) -> RedirectResponse:
    """Take a link back."""
    service.revoke_share(db, token, now)
    return see_other(f"/shares/{token}")
