"""Finds what the engine took from a queue and then dropped, when the database went away just between."""

import logging
import time
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from app.jobs.leases import give_back, held

log = logging.getLogger(__name__)


@dataclass
class LostAndFound:
    """Jobs and pieces that are ours by the engine's tables, but in the hands of none of our threads."""

    running: set[str]
    sessions: sessionmaker[Session]
    executor: str
    missed: set[str] = field(default_factory=set)

    def keep_looking(self, seconds: float) -> None:
        """Look again and again, for ever."""
        while True:
            time.sleep(seconds)
            try:
                self.look()
            except (DBAPIError, PoolTimeout):
                self.missed.clear()  # the database is away; what is held is only known once it is back

    def look(self) -> set[str]:
        """Give back what was missed the last time as well, and say what: once may be the moment between two steps.

        Should one of them be at work after all, it can store nothing any more, and begins again.
        """
        with self.sessions.begin() as session:
            missing = held(session, self.executor) - self.running
            lost = missing & self.missed
            for name in sorted(lost):
                log.warning("%s was taken from its queue, but is not at work; it goes back.", name)
                give_back(session, self.executor, name)
        self.missed = missing - lost
        return lost
