"""A worker process's engine: DBOS set up our way, calling a Runner."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, SQLAlchemyDatasource
from sqlalchemy import Engine

from app.db.session import make_sessions
from app.jobs.analysis import Analysis, Piece
from app.jobs.names import (
    APPLICATION,
    BATCH,
    CONTROL,
    CONTROL_INTERACTIVE,
    INTERACTIVE,
    JOB,
    PIECE,
    SERIALIZER,
    VERSION,
)
from app.jobs.pace import IDLE_SECONDS
from app.jobs.queue import prepare
from app.jobs.runner import Runner
from app.settings import Settings

MOST_RECOVERIES = 5  # of a piece: how often it may take its worker down before the job fails
MOST_PARENT_RECOVERIES = 100  # of a parent, which is in the same process and dies with every piece's worker
SCHEMA = "dbos"

PARENTS = 4  # each holds up to three connections of the pool for a moment; more would only wait for the device
# (queue, how many at a time in a process, seconds between two looks); looking often costs idle CPU
# Each look costs a transaction. What somebody waits for starts within 0.3 s.
QUEUES = (
    (CONTROL, PARENTS, 0.5),
    (CONTROL_INTERACTIVE, PARENTS, 0.15),
    (BATCH, 1, IDLE_SECONDS),  # and BUSY_SECONDS while a job is open
    (INTERACTIVE, 1, 0.15),
)


def launch_engine(
    analyses: Mapping[str, Analysis], settings: Settings, engine: Engine, executor: str, give_up: Callable[[], None]
) -> Runner:
    """Take jobs from now on, in threads of this process, under the name `executor`; once a process.

    The name must be new: the engine starts again whatever an executor of the same name left behind.
    """
    quieten()
    prepare(engine)
    client = DBOSClient(system_database_engine=engine, application_name=APPLICATION, serializer=SERIALIZER, lazy=True)
    _register_queues(client)
    url = engine.url.render_as_string(hide_password=False)
    config = DBOSConfig(
        name=APPLICATION,
        system_database_url=url,
        system_database_engine=engine,
        dbos_system_schema=SCHEMA,
        application_version=VERSION,
        executor_id=executor,
        serializer=SERIALIZER,
        enable_otlp=False,
        log_level="WARNING",
    )
    DBOS(config=config)
    sessions = make_sessions(engine)
    datasource = SQLAlchemyDatasource.create(url, engine=engine, schema=SCHEMA, serializer=SERIALIZER)
    runner = Runner(analyses, settings, sessions, datasource, client, give_up)
    _register_workflows(runner)
    DBOS.listen_queues([name for name, _, _ in QUEUES])
    DBOS.launch()
    return runner


def _register_queues(client: DBOSClient) -> None:
    # Before the launch: a queue that appears later is only found after a second.
    for name, at_once, seconds in QUEUES:
        client.register_queue(name, worker_concurrency=at_once, polling_interval_sec=seconds)


def _register_workflows(runner: Runner) -> None:
    @DBOS.workflow(name=JOB, max_recovery_attempts=MOST_PARENT_RECOVERIES)
    def job(job_id: str) -> None:
        with runner.in_hand():
            runner.job(job_id)

    @DBOS.workflow(name=PIECE, max_recovery_attempts=MOST_RECOVERIES)
    def piece(job_id: str, stage: int, number: int, payload: Piece) -> dict[str, Any]:
        with runner.in_hand():
            return runner.piece(job_id, stage, number, payload)


def quieten() -> None:
    """The engine's log joins ours, without what is no trouble, and without what our supervisor says once."""
    logger = logging.getLogger("dbos")
    logger.handlers = [logging.NullHandler()]  # an empty list would make it add its own
    logger.propagate = True
    logger.addFilter(_trouble)


# Pieces that were cancelled, and the database that is away, in every thread ten times a second.
EXPECTED = ("DBOSAwaitedWorkflowCancelledError", "DBOSWorkflowCancelledError", "Cancelled", "OperationalError")
EXPECTED_WORDS = (
    "was cancelled during execution",
    "no longer owned by this execution",
    "for development and testing",
    "OperationalError",
    "Notification listener error",
)


def _trouble(record: logging.LogRecord) -> bool:
    if record.exc_info and record.exc_info[0] is not None and record.exc_info[0].__name__ in EXPECTED:
        return False
    return not any(words in record.getMessage() for words in EXPECTED_WORDS)
