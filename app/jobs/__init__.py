"""The job port: describe, queue, run, watch and recover jobs; the only package that knows the engine (DBOS)."""

from app.jobs.analysis import Analysis, Commit, Context, Piece, Progress, Settle, Stage
from app.jobs.inline import InlineContext, run_inline
from app.jobs.queue import JobQueue

__all__ = [
    "Analysis",
    "Commit",
    "Context",
    "InlineContext",
    "JobQueue",
    "Piece",
    "Progress",
    "Settle",
    "Stage",
    "run_inline",
]
