import numpy as np
import pytest
from sqlalchemy.orm import Session

from app.db.arrays import ArrayStore
from app.errors import NotFound
from app.web.cache import ArrayCache


def test_an_array_is_decoded_once_and_shared_by_content(session: Session) -> None:
    store = ArrayStore(session)
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    store.put("one", "a", array)
    store.put("two", "b", array)
    cache = ArrayCache(1000)
    first = cache.cached(session, "one", "a")
    assert np.array_equal(first, array)
    assert not first.flags.writeable
    assert cache.cached(session, "two", "b") is first


def test_a_changed_array_is_read_anew(session: Session) -> None:
    store = ArrayStore(session)
    cache = ArrayCache(1000)
    store.put("run", "a", np.zeros(3, dtype=np.float32))
    cache.cached(session, "run", "a")
    store.put("run", "a", np.ones(3, dtype=np.float32))
    assert cache.cached(session, "run", "a").sum() == 3


def test_the_oldest_leave_when_it_is_full_and_what_is_too_large_is_not_kept(session: Session) -> None:
    store = ArrayStore(session)
    for name, length in (("a", 10), ("b", 11), ("c", 12), ("huge", 100)):
        store.put("run", name, np.zeros(length, dtype=np.float32))
    cache = ArrayCache(100)  # bytes: two of the three small ones
    first = cache.cached(session, "run", "a")
    cache.cached(session, "run", "b")
    assert cache.cached(session, "run", "a") is first
    kept = cache.cached(session, "run", "c")  # b goes: a was used since
    assert cache.cached(session, "run", "c") is kept
    assert cache.cached(session, "run", "huge") is not cache.cached(session, "run", "huge")


def test_an_array_that_is_not_there_is_named(session: Session) -> None:
    with pytest.raises(NotFound, match="centroids"):
        ArrayCache(100).cached(session, "run", "centroids")
