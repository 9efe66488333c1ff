"""The first page, the page about methods, the list of the API, and the health check."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from app.db.jobs import job_view
from app.home import service
from app.web.deps import Config, Db, Now, Page

router = APIRouter()


@router.get("/", name="home:page")
def home(db: Db, now: Now, view: Page) -> HTMLResponse:
    """What this is, and what is there."""
    seen = service.overview(db)
    job = None if seen.following is None else job_view(seen.following, now)
    return view.page("home/page.html", seen=seen, job=job, runs=service.recent_runs(db))


@router.get("/about", name="home:about")
def about(db: Db, view: Page) -> HTMLResponse:
    """Methods in brief, words, how to cite, and the workers."""
    return view.page("home/about.html", workers=service.workers(db))


@router.get("/api", name="home:api")
def api(request: Request, view: Page) -> HTMLResponse:
    """Every address that answers JSON."""
    return view.page("home/api.html", paths=request.app.openapi()["paths"])


@router.get("/healthz", name="home:health")
def healthz(request: Request, settings: Config, now: Now) -> JSONResponse:
    """Which part is down: 200 while pages can be served, 503 otherwise."""
    found = service.health(request.app.state.sessions, settings, now)
    return JSONResponse(found.model_dump(), 503 if found.status == "down" else 200)
