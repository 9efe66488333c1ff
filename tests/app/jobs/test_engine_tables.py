"""What we read and write of the engine's tables is still what the engine means by them."""

from dbos._enqueue_options import build_enqueue_status
from dbos._schemas.datasource_database import datasource_outputs_table
from dbos._schemas.system_database import SystemSchema
from dbos._sys_db import WorkflowStatusString
from sqlalchemy import Engine, inspect
from sqlalchemy.orm import Session

from app.db.session import is_sqlite
from app.jobs import engine_tables as ours
from app.jobs.engine_tables import engine_tables
from app.jobs.names import BATCH, PIECE, SERIALIZER, VERSION


def test_the_states_have_the_engine_s_names() -> None:
    names = (ours.ENQUEUED, ours.PENDING, ours.SUCCESS, ours.ERROR, ours.CANCELLED, ours.POISONED)
    assert set(names) == {state.value for state in WorkflowStatusString} - {"DELAYED"}


def test_every_column_we_name_exists(engine: Engine, session: Session) -> None:
    tables = engine_tables(session)
    inspector = inspect(engine)
    for table in (tables.status, *tables.payloads, tables.checkpoints, tables.queues):
        there = {column["name"] for column in inspector.get_columns(table.name, schema=table.schema)}
        assert {column.name for column in table.columns} <= there
    assert tables.status.schema == (None if is_sqlite(engine) else "dbos")


def test_nothing_else_of_the_engine_hangs_on_a_workflow_without_a_foreign_key() -> None:
    hanging = {
        table.name
        for table in SystemSchema.metadata_obj.sorted_tables
        if "workflow_uuid" in table.columns and not table.foreign_keys and table.name != "workflow_status"
    }
    assert hanging == {table.name for table in ours._POSTGRES.payloads}
    assert datasource_outputs_table(None).name == ours._POSTGRES.checkpoints.name


def test_arguments_are_json() -> None:
    options = {"workflow_name": PIECE, "queue_name": BATCH, "app_version": VERSION}
    _, status = build_enqueue_status(options, SERIALIZER, ("job", 0, 1, {"language": "de"}), {})  # type: ignore[arg-type]
    assert status["serialization"] == "portable_json"
    assert status["inputs"] == '{"namedArgs":{},"positionalArgs":["job",0,1,{"language":"de"}]}'
