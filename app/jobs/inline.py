"""The same analyses without a queue: stage after stage, piece after piece, in the caller's process."""

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from app.jobs.analysis import Analysis, Context, Progress
from app.settings import Settings

log = logging.getLogger(__name__)


class InlineContext(Context):
    """What pieces ask for when nobody can cancel them; `shown` is told stage, done and total after every step."""

    def __init__(
        self, settings: Settings, sessions: sessionmaker[Session], shown: Callable[[str, float, int], None]
    ) -> None:
        super().__init__(
            settings,
            sessions,
            report=lambda progress: shown(progress.stage, progress.done, progress.total),
            still_wanted=lambda: None,
            warn=log.warning,
        )


def run_inline(analysis: Analysis, spec: Any, sessions: sessionmaker[Session], context: Context) -> None:
    """Run every stage; each Commit in a transaction of its own. Errors are settled as a failure and raised on."""
    _settle(analysis, spec, sessions, "running", None)
    try:
        _run(analysis, spec, sessions, context)
    except BaseException as error:
        _settle(analysis, spec, sessions, "failed", str(error) or type(error).__name__)
        raise
    _settle(analysis, spec, sessions, "complete", None)


def _run(analysis: Analysis, spec: Any, sessions: sessionmaker[Session], context: Context) -> None:
    done = total = 0
    for stage in analysis.stages:
        pieces = stage.plan(context, spec)
        total += len(pieces)
        for piece in pieces:
            context.position = Progress(stage.title, done, total)
            context.report(context.position)
            commit = stage.work(context, spec, piece)
            with sessions.begin() as session:
                commit(session)
            done += 1
        context.report(Progress(stage.title, done, total))


def _settle(analysis: Analysis, spec: Any, sessions: sessionmaker[Session], status: str, error: str | None) -> None:
    with sessions.begin() as session:
        analysis.settle(session, spec, status, error)
