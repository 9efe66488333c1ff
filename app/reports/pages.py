"""The report of a run: a page, one HTML file, an archive with every table, and the button that runs what is missing."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment

from app.contracts.ids import new_id
from app.db.runs import NAME_LENGTH, finished_run
from app.experiments.deps import Reader
from app.experiments.service import start_experiment
from app.figures.figure import inline
from app.jobs.queue import JobQueue
from app.reports.compose import Report, ReportQuery, companions, compose, counterpart, settings_like, shown_runs
from app.reports.files import archive, single_file
from app.reports.progress import asked_of, progress_of
from app.runs.service import queue_run
from app.web.deps import Now, Page, Queue
from app.web.render import see_other

router = APIRouter()


def get_report(run_id: str, desk: Reader, query: Annotated[ReportQuery, Query()]) -> Report:
    """The report of a run. Raises NotFound, or Conflict while the run has no numbers."""
    return compose(desk, shown_runs(companions(desk, run_id), query.preset))


Composed = Annotated[Report, Depends(get_report)]


@router.get("/runs/{run_id}/report", name="reports:page")
def report(
    run_id: str, found: Composed, query: Annotated[ReportQuery, Query()], desk: Reader, now: Now, view: Page
) -> HTMLResponse:
    """Every figure and table of the paper for this model, with what is still missing."""
    run = finished_run(desk.session, run_id)
    preset, other = counterpart(desk, run)
    columns = [(column.run, column.parts) for column in found.columns]
    return view.page(
        "reports/page.html",
        state=query,
        query=query,
        run=run,
        report=found,
        inline=inline,
        lacking=preset,
        other=other,
        progress=progress_of(desk, columns, other, now),
        changed=False,
    )


@router.get("/runs/{run_id}/report/progress", name="reports:progress")
def progress(
    run_id: str, query: Annotated[ReportQuery, Query()], desk: Reader, now: Now, view: Page, seen: str = ""
) -> HTMLResponse:
    """How far the missing parts are; once more is there than was `seen`, it fetches the whole page."""
    run = finished_run(desk.session, run_id)
    runs = shown_runs(companions(desk, run_id), query.preset)
    told = progress_of(desk, asked_of(desk, runs), counterpart(desk, run)[1], now)
    changed = told.mark != seen or not told.lines
    return view.fragment("reports/_progress.html", run=run, query=query, progress=told, changed=changed)


@router.post("/runs/{run_id}/report", name="reports:start")
def start(run_id: str, desk: Reader, queue: Queue, now: Now) -> RedirectResponse:
    """Queue every part that has no answer yet, for each of the report's runs."""
    queue_missing(desk, queue, compose(desk, companions(desk, run_id)), now)
    return see_other(f"/runs/{run_id}/report")


def queue_missing(desk: Reader, queue: JobQueue, found: Report, now: datetime) -> int:
    """Start the experiments that a report lacks; says how many. One that is queued or running is not started again."""
    started = 0
    for column in found.columns:
        for asked in column.parts:
            going = asked.experiment is not None and asked.experiment.status in ("queued", "running", "complete")
            if asked.wanted is not None and not going:
                experiment_id = asked.wanted.spec.experiment_id  # type: ignore[union-attr]
                start_experiment(desk.session, queue, experiment_id, asked.wanted, name="", now=now)
                started += 1
    return started


@router.post("/runs/{run_id}/report/scan", name="reports:scan")
def scan(run_id: str, desk: Reader, queue: Queue, now: Now, preset: Annotated[str, Form()]) -> RedirectResponse:
    """Scan with the other preset on the same sentences' corpus, so that both can stand side by side."""
    run = companions(desk, run_id)[0]
    chosen = "paper" if preset == "paper" else "corrected"
    spec = run.spec.model_copy(update={"run_id": new_id(), "settings": settings_like(run, chosen)})
    queue_run(desk.session, queue, spec, f"{run.name}, {chosen}"[:NAME_LENGTH], seconds=None, now=now)
    return see_other(f"/runs/{spec.run_id}")


@router.get("/runs/{run_id}/report.html", name="reports:file")
def report_file(request: Request, found: Composed, now: Now) -> Response:
    """The report as one HTML file that needs nothing else."""
    name = f"babelscope-report-{found.columns[0].run.id}.html"
    return Response(
        single_file(_environment(request), found, now),
        media_type="text/html; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/runs/{run_id}/report.zip", name="reports:archive")
def report_archive(request: Request, found: Composed, now: Now) -> Response:
    """The HTML file with a CSV of every figure and table."""
    name = f"babelscope-report-{found.columns[0].run.id}.zip"
    return Response(
        archive(_environment(request), found, now),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _environment(request: Request) -> Environment:
    environment: Environment = request.app.state.templates
    return environment
