"""The queue as the web and the command line see it: put jobs in, watch, cancel and retry them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dbos import DBOS, DBOSClient, EnqueueOptions, SQLAlchemyDatasource
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.contracts.ids import new_id
from app.contracts.jobs import JobSpec, job_spec
from app.db.session import utc_now
from app.db.tables import Event, Job
from app.errors import Conflict, Ended, NotFound
from app.jobs.analysis import Settle
from app.jobs.names import APPLICATION, CONTROL, CONTROL_INTERACTIVE, JOB, SERIALIZER, VERSION, priority
from app.jobs.retention import forget_old
from app.jobs.states import STOP, Ending, change, finish, note, note_status, settle
from app.jobs.subjects import SETTLERS, move_subject

RETRIED = ("failed", "cancelled")


def prepare(engine: Engine) -> None:
    """Create or update the engine's own tables; safe to call from several processes at once."""
    url = engine.url.render_as_string(hide_password=False)
    DBOS.migrate(url)
    SQLAlchemyDatasource.migrate(url)


class JobQueue:
    """Every method works in the caller's session and commits nothing: a job and the caller's rows commit together."""

    def __init__(self, engine: Engine, settlers: Mapping[str, Settle] = SETTLERS) -> None:
        prepare(engine)
        self._settlers = settlers
        self._client = DBOSClient(
            system_database_engine=engine,
            application_name=APPLICATION,
            serializer=SERIALIZER,
            retry_connection_errors=False,
            lazy=True,
        )

    def enqueue(
        self,
        session: Session,
        spec: JobSpec,
        *,
        title: str,
        subject: str,
        estimate: float | None = None,
        interactive: bool = False,
    ) -> str:
        """Queue what `spec` asks for and return the job's id; `estimate` in seconds is only told to the user.

        Interactive jobs go ahead of all others. The job exists once the session commits, and not if it rolls back.
        """
        now = utc_now()
        job = Job(
            id=new_id(),
            kind=spec.kind,
            title=title,
            subject=subject,
            spec=spec.model_dump(mode="json"),
            status="queued",
            estimate=estimate,
            interactive=interactive,
            event_seq=1,
            created=now,
        )
        session.add(job)
        session.flush()
        note_status(session, job, now)
        options: EnqueueOptions = {
            "workflow_name": JOB,
            "queue_name": CONTROL_INTERACTIVE if interactive else CONTROL,
            "workflow_id": job.id,
            "workflow_id_reuse_policy": "reject",
            "app_version": VERSION,
            "priority": priority(job.created, interactive=interactive),
        }
        self._client.enqueue_in_transaction(session, options, job.id)
        return job.id

    def cancel(self, session: Session, job_id: str) -> None:
        """Cancel a job; its pieces stop within a batch. Cancelling twice changes nothing.

        Raises NotFound, or Ended if the job has ended otherwise.
        """
        if finish(session, job_id, Ending("cancelled", None, utc_now()), self._settlers):
            return
        job = self.get(session, job_id)
        if job.status != "cancelled":
            raise Ended(f"The job “{job.title}” is {job.status} already; it cannot be cancelled any more.")

    def stop(self, session: Session, job_id: str) -> None:
        """Ask a job to end early and keep what it has; it completes by itself within a fraction of a second.

        Only kinds that look (`Context.stop_wanted`: those that generate text) do so; one that is still queued has
        nothing to keep and is cancelled. Stopping twice changes nothing. Raises NotFound, or Ended if it has ended.
        """
        if self.get(session, job_id).status == "queued":
            self.cancel(session, job_id)
            return
        job = change(session, job_id, {}, among=("running",))
        if job is None:
            job = self.get(session, job_id)
            raise Ended(f"The job “{job.title}” is {job.status} already; it cannot be stopped any more.")
        note(session, job, STOP, {}, utc_now())

    def retry(self, session: Session, job_id: str) -> str:
        """Queue a failed or cancelled job again, as a new job with the same spec; raises NotFound or Conflict."""
        old = self.get(session, job_id)
        if old.status not in RETRIED:
            raise Conflict(f"The job “{old.title}” is {old.status}; only failed and cancelled jobs can be tried again.")
        newer = select(Job).where(Job.kind == old.kind, Job.subject == old.subject, Job.created > old.created)
        if any(other.spec == old.spec and other.status not in RETRIED for other in session.scalars(newer)):
            raise Conflict(f"The job “{old.title}” was tried again already.")
        new = self.enqueue(
            session,
            job_spec.validate_python(old.spec),
            title=old.title,
            subject=old.subject,
            estimate=old.estimate,
            interactive=old.interactive,
        )
        move_subject(session, job_id, new)
        settle(session, self.get(session, new), self._settlers)
        return new

    def get(self, session: Session, job_id: str) -> Job:
        """The job's row as it is now; raises NotFound."""
        job = session.get(Job, job_id, populate_existing=True)
        if job is None:
            raise NotFound(f"There is no job {job_id}. It may have been deleted.")
        return job

    def list(
        self, session: Session, status: str | None = None, limit: int = 50, before: datetime | None = None
    ) -> Sequence[Job]:
        """Jobs, newest first; `before` is the `created` of the last one of the page before."""
        query = select(Job).order_by(Job.created.desc(), Job.id).limit(limit)
        if status is not None:
            query = query.where(Job.status == status)
        if before is not None:
            query = query.where(Job.created < before)
        return session.scalars(query, execution_options={"populate_existing": True}).all()

    def events(self, session: Session, job_id: str, after: int = 0, limit: int = 500) -> Sequence[Event]:
        """The job's events numbered above `after`, in order; numbers grow by one, without gaps."""
        query = select(Event).where(Event.job_id == job_id, Event.seq > after).order_by(Event.seq).limit(limit)
        return session.scalars(query).all()

    def retention(self, session: Session, keep_days: int) -> int:
        """Delete the events, and the engine's history, of jobs that ended more than `keep_days` ago; says how many.

        At most 400 in a call, to keep the transaction short: call again until it says 0.
        """
        return forget_old(session, keep_days, utc_now())
