"""Decoded arrays kept in memory by the hash of their content, least recently used first out."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from sqlalchemy.orm import Session

from app.db.arrays import AnyArray, ArrayStore

Key = tuple[str, str, tuple[int, ...]]


class ArrayCache:
    """At most `max_bytes` of read-only arrays, shared by all requests; keys are contents, so nothing goes stale."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = 0
        self._arrays: OrderedDict[Key, AnyArray] = OrderedDict()
        self._lock = threading.Lock()

    def cached(self, session: Session, owner: str, name: str) -> AnyArray:
        """The array of that name, read-only. Raises NotFound as the store does."""
        store = ArrayStore(session)
        entry = store.entry(owner, name)
        if entry is None:
            return store.get(owner, name)
        key = (entry.hash, entry.dtype, tuple(entry.shape))
        with self._lock:
            known = self._arrays.get(key)
            if known is not None:
                self._arrays.move_to_end(key)
                return known
        array = store.get(owner, name)
        self._keep(key, array)
        return array

    def reader(self, session: Session) -> Callable[[str, str], AnyArray]:
        """`cached` for one session: owner and name of an array -> the array."""
        return partial(self.cached, session)

    def _keep(self, key: Key, array: AnyArray) -> None:
        if array.nbytes > self._max_bytes:
            return
        with self._lock:
            if key in self._arrays:
                return
            self._arrays[key] = array
            self._held += array.nbytes
            while self._held > self._max_bytes:
                self._held -= self._arrays.popitem(last=False)[1].nbytes
