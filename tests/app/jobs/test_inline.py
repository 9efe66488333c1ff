"""An analysis without a queue: the same stages, the same rows."""

from collections.abc import Iterator
from itertools import repeat

import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.db.arrays import ArrayStore
from app.errors import BadInput
from app.jobs import Analysis, Context, InlineContext, Progress, run_inline
from app.settings import Settings
from tests.support.toys import TOY, toy

Shown = list[tuple[str, float, int]]


def context(sessions: sessionmaker[Session], shown: Shown) -> InlineContext:
    return InlineContext(Settings(), sessions, lambda stage, done, total: shown.append((stage, done, total)))


def test_all_stages_run_and_tell_how_far_they_are(sessions: sessionmaker[Session]) -> None:
    shown: Shown = []
    run_inline(TOY, toy(pieces=3), sessions, context(sessions, shown))
    with sessions() as session:
        np.testing.assert_array_equal(ArrayStore(session).get("run", "sum"), [3])
        assert ArrayStore(session).names("run") == ["sum"]
    assert [shown[0], shown[-1]] == [("Writing numbers", 0, 3), ("Adding numbers", 4, 4)]


def test_an_error_is_settled_and_raised_on(sessions: sessionmaker[Session]) -> None:
    settled: list[tuple[str, str | None]] = []
    failing = Analysis(
        kind="project",
        stages=TOY.stages,
        settle=lambda session, spec, status, error: settled.append((status, error)),
    )
    with pytest.raises(BadInput):
        run_inline(failing, toy("fail"), sessions, context(sessions, []))
    assert settled == [("running", None), ("failed", "The number 2 cannot be summed.")]


def test_checks_and_progress_are_throttled(sessions: sessionmaker[Session]) -> None:
    moments = [step / 50 for step in range(100)]  # two seconds
    asked: list[bool] = []
    told: list[float] = []

    def ask() -> None:
        asked.append(True)

    def tell(progress: Progress) -> None:
        told.append(progress.done)

    clock: Iterator[float] = repeat(0.0)
    slow = Context(Settings(), sessions, tell, ask, print, clock=lambda: next(clock))
    for moment in moments:
        clock = repeat(moment)
        slow.check()
        slow.progress(moment / 2)
    assert len(asked) == 8
    assert len(told) == 3
