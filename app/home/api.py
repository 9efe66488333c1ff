"""Health, as JSON."""

from fastapi import APIRouter, Request, Response

from app.home import service
from app.web.deps import Config, Now

router = APIRouter(tags=["health"])


@router.get("/health", responses={503: {"model": service.Health}})
def health(request: Request, response: Response, settings: Config, now: Now) -> service.Health:
    """Which part is down: 200 while pages can be served, 503 otherwise."""
    found = service.health(request.app.state.sessions, settings, now)
    response.status_code = 503 if found.status == "down" else 200
    return found
