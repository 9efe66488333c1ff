"""Templates to answers: the environment, its helpers, and the pages' frame."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.db.status import Status, current_status
from app.settings import Settings
from app.text.languages import language
from app.text.plural import plural
from app.web import formatting
from app.web.assets import Assets
from app.web.state import query_string

State = BaseModel | Mapping[str, object] | None
FOLDER = Path(__file__).resolve().parents[2] / "templates"


def make_environment(assets: Assets, version: str) -> Environment:
    """Jinja with autoescape, strict about names, and the helpers every template may call."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(static_url=assets.address, language=language, version=version)
    environment.filters.update(
        significant=formatting.significant,
        number=formatting.number,
        count=formatting.count,
        counted=formatting.counted,
        plural=plural,
        size=formatting.size,
        duration=formatting.duration,
        brief=formatting.brief,
        moment=formatting.moment,
        visible=formatting.visible,
    )
    return environment


def html(request: Request, name: str, code: int = 200, **context: object) -> HTMLResponse:
    """A template as an answer; `request`, `path` (named route to address) are there as well."""
    environment: Environment = request.app.state.templates

    def path(route: str, /, **parameters: object) -> str:
        return str(request.app.url_path_for(route, **parameters))

    text = environment.get_template(name).render({"request": request, "path": path, **context})
    return HTMLResponse(text, code)


def see_other(address: str) -> RedirectResponse:
    """The answer to a POST that did what it was asked."""
    return RedirectResponse(address, 303)


class View:
    """What a page endpoint answers with: whole pages in their frame, or fragments with an address of their own."""

    def __init__(self, request: Request, session: Session, now: datetime) -> None:
        self._request = request
        self._session = session
        self._now = now

    @property
    def status(self) -> Status:
        """Workers and unfinished jobs, for the header."""
        settings: Settings = self._request.app.state.settings
        return current_status(self._session, self._now, settings.lease_seconds)

    def page(self, name: str, *, state: State = None, code: int = 200, **context: object) -> HTMLResponse:
        """A whole page. With `state`, `url(**changes)` in the template is this page's address with other state."""
        return html(self._request, name, code, status=self.status, now=self._now, url=self._url(state), **context)

    def fragment(self, name: str, *, state: State = None, code: int = 200, **context: object) -> HTMLResponse:
        """A part of a page; its template's name starts with an underscore."""
        return html(self._request, name, code, now=self._now, url=self._url(state), **context)

    def _url(self, state: State) -> Callable[..., str]:
        def url(**changes: object) -> str:
            return self._request.url.path + query_string(state or {}, **changes)

        return url
