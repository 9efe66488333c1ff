"""What becomes of an error inside a job: waited out, or a sentence for the user and the details for the log."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from dbos._serialization import PortableWorkflowError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.db.session import translation
from app.errors import OutOfSpace, ProductError, Unavailable

log = logging.getLogger(__name__)

PATIENCE = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between tries while the database is away; then the last one for ever

Result = TypeVar("Result")


class PieceLost(ProductError):
    """A piece ended without a result and without telling why."""

    title = "The job could not be finished"


def sentence(error: Exception, job_id: str) -> str:
    """What the user reads; an error that nobody raised on purpose goes to the log with its traceback."""
    if isinstance(error, ProductError):
        log.warning("Job %s failed: %s", job_id, error)
        return str(error)
    if isinstance(error, PortableWorkflowError) and error.name in _PURPOSE:  # as replayed from the engine's record
        return error.message
    translated = translation(error)
    log.error("Job %s failed unexpectedly.", job_id, exc_info=error)
    if translated is not None:
        return str(translated)
    return (
        f"Something unexpected happened ({type(error).__name__}). The worker's log has the details under job {job_id}."
    )


def patient(call: Callable[[], Result], still_wanted: Callable[[], None]) -> Result:
    """Call again while the database is away; the job may be cancelled, or handed to another worker, meanwhile."""
    waits = iter(PATIENCE)
    while True:
        try:
            return call()
        except (DBAPIError, PoolTimeout) as error:
            if not isinstance(translation(error), Unavailable):
                raise
            log.warning("The database is away: %s", error.__cause__ or error)
        time.sleep(next(waits, PATIENCE[-1]))
        patient(still_wanted, lambda: None)


def stored_or_full(call: Callable[[], Result]) -> Result:
    """A full disk ends the job; the engine itself would take it for a passing trouble and try for ever."""
    try:
        return call()
    except DBAPIError as error:
        translated = translation(error)
        if isinstance(translated, OutOfSpace):
            raise translated from error
        raise


def _classes(root: type[ProductError]) -> Iterator[type[ProductError]]:
    yield root
    for child in root.__subclasses__():
        yield from _classes(child)


_PURPOSE = frozenset(one.__name__ for one in _classes(ProductError))
