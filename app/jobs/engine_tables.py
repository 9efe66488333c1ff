"""The engine's tables that we read and write in our own transactions; a test holds them against the engine's."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, Table, Text
from sqlalchemy.orm import Session

SCHEMA = "dbos"  # on Postgres; on SQLite the tables lie unprefixed beside ours

ENQUEUED = "ENQUEUED"
PENDING = "PENDING"
SUCCESS = "SUCCESS"
ERROR = "ERROR"
CANCELLED = "CANCELLED"
POISONED = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
STOPPED = (ERROR, CANCELLED, POISONED)


@dataclass(frozen=True)
class EngineTables:
    """`status` has one row a workflow (a job's parent, or a piece); `payloads` hang on it without a foreign key."""

    status: Table
    payloads: tuple[Table, ...]
    checkpoints: Table
    queues: Table


def _tables(schema: str | None) -> EngineTables:
    metadata = MetaData(schema=schema)
    status = Table(
        "workflow_status",
        metadata,
        Column("workflow_uuid", Text, primary_key=True),
        Column("status", Text),
        Column("name", Text),
        Column("executor_id", Text),
        Column("owner_xid", Text),
        Column("queue_name", Text),
        Column("parent_workflow_id", Text),
        Column("deduplication_id", Text),
        Column("recovery_attempts", BigInteger),
        Column("priority", Integer),
        Column("updated_at", BigInteger),
        Column("completed_at", BigInteger),
        Column("started_at_epoch_ms", BigInteger),
    )
    payloads = tuple(
        Table(name, metadata, Column("workflow_uuid", Text, primary_key=True))
        for name in ("workflow_input", "workflow_output", "operation_outputs")
    )
    queues = Table("queues", metadata, Column("name", Text), Column("polling_interval_sec", Float))
    return EngineTables(status, payloads, Table("datasource_outputs", metadata, Column("workflow_id", Text)), queues)


_SQLITE = _tables(None)
_POSTGRES = _tables(SCHEMA)


def engine_tables(session: Session) -> EngineTables:
    """The tables as the session's database names them."""
    return _SQLITE if session.get_bind().dialect.name == "sqlite" else _POSTGRES
