"""Runs and experiments in the foreground: `python -m worker.headless DATABASE_URL ID ...`, with a progress bar."""

import logging
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.jobs import InspectSpec, JobSpec, ScanSpec, job_spec
from app.db.session import make_engine, make_sessions, translated_errors
from app.db.tables import Experiment, Model, Run
from app.errors import NotFound, ProductError
from app.jobs import InlineContext, run_inline
from app.settings import Settings
from worker.analyses import ANALYSES
from worker.devices import use_threads


def main(url: str, *ids: str) -> None:
    """Run every stage of each run or experiment in this process, one after the other."""
    settings = Settings()
    use_threads(settings.threads)
    sessions = make_sessions(make_engine(url))
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        for one in ids:
            name, spec = _asked(sessions, one)
            task = bar.add_task(name, total=None)

            def shown(stage: str, done: float, total: int, task: TaskID = task, name: str = name) -> None:
                bar.update(task, description=f"{name}: {stage}" if name else stage, completed=done, total=total)

            context = InlineContext(settings, sessions, shown)
            run_inline(ANALYSES[spec.kind], spec, sessions, context)


def _asked(sessions: sessionmaker[Session], one: str) -> tuple[str, JobSpec]:
    """What is asked under this id, with a name where several may run; of a model its inspection. Raises NotFound."""
    with sessions() as session:
        run = session.get(Run, one)
        if run is not None:
            return "", ScanSpec.model_validate(run.spec)
        experiment = session.get(Experiment, one)
        if experiment is not None:
            return experiment.name[:40], job_spec.validate_python(experiment.spec)
        if session.get(Model, one) is not None:
            return "", InspectSpec(model_id=one)
    raise NotFound(f"There is no run, experiment or model {one}.")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        with translated_errors():
            main(*sys.argv[1:])
    except ProductError as error:
        print(f"{error.title}. {error}", file=sys.stderr)
        sys.exit(1)
