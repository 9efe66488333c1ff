"""Named arrays: what is put comes back, equal bytes are stored once, and nothing stays that no name needs."""

from threading import Barrier, Thread

import numpy as np
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from app.db import arrays
from app.db.arrays import ArrayStore
from app.db.session import is_sqlite
from app.db.tables import Array, Blob
from app.errors import NotFound

EXAMPLES = [
    np.arange(12, dtype=np.float32).reshape(3, 4),
    np.arange(12, dtype=">i8").reshape(3, 4),
    np.asfortranarray(np.arange(24, dtype=np.float64).reshape(2, 3, 4)),
    np.array([True, False]),
    np.zeros((0, 5), dtype=np.float16),
    np.array(7, dtype=np.uint8),
    np.arange(20, dtype=np.int16)[::3],
]


def parts(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Blob)) or 0


@pytest.mark.parametrize("array", EXAMPLES, ids=lambda array: f"{array.dtype.str}{array.shape}")
def test_what_is_put_comes_back_read_only(session: Session, array: np.ndarray) -> None:
    entry = ArrayStore(session).put("run", "a", array)
    assert (entry.shape, entry.size) == (list(array.shape), array.nbytes)
    session.commit()
    session.expire_all()
    back = ArrayStore(session).get("run", "a")
    np.testing.assert_array_equal(back, array)
    assert back.shape == array.shape
    assert back.dtype == array.dtype.newbyteorder("<")
    assert not back.flags.writeable


def test_large_arrays_lie_in_parts_and_rows_are_read_from_theirs(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "PART", 1000)
    array = np.random.default_rng(0).standard_normal((100, 7, 3)).astype(np.float32)
    store = ArrayStore(session)
    store.put("run", "a", array)
    assert parts(session) == 9
    np.testing.assert_array_equal(store.get("run", "a"), array)
    for start, stop in [(0, 100), (0, 0), (11, 12), (11, 60), (99, 200), (-3, 100), (50, 20)]:
        np.testing.assert_array_equal(store.get_rows("run", "a", start, stop), array[start:stop])


def test_equal_arrays_are_stored_once_and_kept_while_named(session: Session) -> None:
    store = ArrayStore(session)
    array = np.arange(6)
    for owner, name in [("one", "a"), ("one", "b"), ("two", "a"), ("two", "a")]:
        store.put(owner, name, array)
    assert parts(session) == 1
    store.delete("one", "")
    assert store.names("one") == []
    np.testing.assert_array_equal(store.get("two", "a"), array)
    store.delete("two", "a")
    assert parts(session) == 0


def test_the_same_numbers_of_another_shape_or_type_are_another_array(session: Session) -> None:
    store = ArrayStore(session)
    hashes = {
        store.put("run", "a", array).hash for array in (np.zeros(4, "i4"), np.zeros((2, 2), "i4"), np.zeros(4, "f4"))
    }
    assert len(hashes) == 3
    assert parts(session) == 1  # a later put replaces, and what was replaced is gone


def test_names_begin_with_the_prefix_exactly(session: Session) -> None:
    store = ArrayStore(session)
    for name in ("score/1/de", "score/2/de", "score_sd/1/de", "SCORE/1/de", "scoreX1/de"):
        store.put("run", name, np.arange(3))
    assert store.names("run", "score/") == ["score/1/de", "score/2/de"]
    assert store.names("run", "score_") == ["score_sd/1/de"]
    store.delete("run", "score/")
    assert store.names("run") == ["SCORE/1/de", "scoreX1/de", "score_sd/1/de"]
    assert store.names("other") == []


def test_after_a_delete_in_the_same_session_the_name_is_free(session: Session) -> None:
    store = ArrayStore(session)
    store.put("run", "a", np.arange(3))
    store.delete("run", "a")
    assert store.entry("run", "a") is None
    store.put("run", "a", np.arange(3))
    np.testing.assert_array_equal(store.get("run", "a"), np.arange(3))


def test_a_missing_array_is_named(session: Session) -> None:
    with pytest.raises(NotFound, match="no array “score/1/de” of run7"):
        ArrayStore(session).get("run7", "score/1/de")
    assert ArrayStore(session).entry("run7", "score/1/de") is None


def test_only_numbers_can_be_stored(session: Session) -> None:
    with pytest.raises(ValueError, match="only numbers"):
        ArrayStore(session).put("run", "a", np.array(["text"]))


def test_a_rolled_back_put_leaves_nothing(session: Session) -> None:
    ArrayStore(session).put("run", "a", np.arange(3))
    session.rollback()
    assert parts(session) == 0
    assert ArrayStore(session).entry("run", "a") is None


def test_bytes_named_while_another_deletes_them_stay(engine: Engine, sessions: sessionmaker[Session]) -> None:
    if is_sqlite(engine):
        return  # writers follow each other anyway
    array = np.arange(1000)
    with sessions.begin() as session:
        ArrayStore(session).put("old", "a", array)
    named = Barrier(2)

    def delete() -> None:
        named.wait()
        with sessions.begin() as session:
            ArrayStore(session).delete("old", "")

    deleting = Thread(target=delete)
    deleting.start()
    with sessions.begin() as session:
        ArrayStore(session).put("new", "a", array)
        named.wait()
        deleting.join(0.5)
        assert deleting.is_alive()  # it waits for us
    deleting.join()
    with sessions() as session:
        np.testing.assert_array_equal(ArrayStore(session).get("new", "a"), array)
        assert session.scalars(select(Array.owner)).all() == ["new"]
