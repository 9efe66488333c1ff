"""Named arrays of a run or model, kept as content-hashed blobs beside the rows."""

import hashlib
from collections import Counter
from math import prod
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.db.session import is_sqlite
from app.db.tables import Array, Blob
from app.errors import NotFound

PART = 8 * 1024 * 1024  # bytes; what one statement may carry without straining either database
NUMBERS = "biuf"  # bool, integers, floats: what a stored array may hold

AnyArray: TypeAlias = np.ndarray[Any, np.dtype[Any]]


class ArrayStore:
    """Arrays by owner and name, written in the session's transaction; equal arrays are stored once.

    Bytes are little-endian, in C order. Keeping them elsewhere takes another `_store`, `_release` and `_read`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, owner: str, name: str, array: AnyArray) -> Array:
        """Store `array` under the name, in place of what was there; the same array again changes nothing."""
        plain = _plain(array)
        data = plain.reshape(-1).view(np.uint8).data
        digest = _content_hash(plain, data)
        old = self.entry(owner, name)
        if old is not None and old.hash == digest:
            return old
        self._store(digest, data)
        if old is not None:
            self._release(Counter([old.hash]))
        entry = Array(
            owner=owner, name=name, dtype=plain.dtype.str, shape=list(plain.shape), hash=digest, size=data.nbytes
        )
        entry = self._session.merge(entry)
        self._session.flush()
        return entry

    def get(self, owner: str, name: str) -> AnyArray:
        """The whole array, read-only; raises NotFound."""
        entry = self._known(owner, name)
        return _view(entry, self._read(entry, 0, entry.size), entry.shape)

    def get_rows(self, owner: str, name: str, start: int, stop: int) -> AnyArray:
        """`array[start:stop]` along the first axis, reading only the parts that hold these rows; raises NotFound."""
        entry = self._known(owner, name)
        start, stop, _ = slice(start, stop).indices(entry.shape[0])
        stop = max(start, stop)
        row = prod(entry.shape[1:]) * np.dtype(entry.dtype).itemsize
        return _view(entry, self._read(entry, start * row, stop * row), [stop - start, *entry.shape[1:]])

    def entry(self, owner: str, name: str) -> Array | None:
        """What is known of the array without reading it; None if there is none."""
        return self._session.get(Array, (owner, name))

    def names(self, owner: str, prefix: str = "") -> list[str]:
        """The names of the owner's arrays that begin with `prefix`, sorted."""
        return sorted(self._session.scalars(select(Array.name).where(*_under(owner, prefix))))

    def delete(self, owner: str, prefix: str) -> None:
        """Forget the owner's arrays that begin with `prefix`, and the bytes that nothing names any more."""
        gone = delete(Array).where(*_under(owner, prefix)).returning(Array.hash)
        hashes = self._session.scalars(gone, execution_options={"synchronize_session": "fetch"})
        self._release(Counter(hashes))

    def _known(self, owner: str, name: str) -> Array:
        entry = self.entry(owner, name)
        if entry is None:
            raise NotFound(f"There is no array “{name}” of {owner}. It may not be computed yet, or was deleted.")
        return entry

    def _store(self, digest: str, data: memoryview) -> None:
        one_more = update(Blob).where(Blob.hash == digest).values(uses=Blob.uses + 1).returning(Blob.part)
        if self._session.scalars(one_more, execution_options=_UNSEEN).all():
            return
        insert = sqlite.insert if is_sqlite(self._session.get_bind()) else postgresql.insert
        for part, start in enumerate(range(0, max(len(data), 1), PART)):
            new = insert(Blob).values(hash=digest, part=part, uses=1, data=bytes(data[start : start + PART]))
            # Another transaction may have stored the same bytes since: then this only counts.
            new = new.on_conflict_do_update(index_elements=[Blob.hash, Blob.part], set_={"uses": Blob.uses + 1})
            self._session.execute(new)

    def _release(self, uses: Counter[str]) -> None:
        for digest, count in sorted(uses.items()):
            fewer = update(Blob).where(Blob.hash == digest).values(uses=Blob.uses - count)
            self._session.execute(fewer, execution_options=_UNSEEN)
            unused = delete(Blob).where(Blob.hash == digest, Blob.uses <= 0)
            self._session.execute(unused, execution_options=_UNSEEN)

    def _read(self, entry: Array, start: int, stop: int) -> bytearray:
        """Bytes `start` to `stop` of the array, from the parts that hold them."""
        if stop <= start:
            return bytearray()
        first, last = start // PART, (stop - 1) // PART
        held = Blob.part.between(first, last)
        query = select(Blob.data).where(Blob.hash == entry.hash, held).order_by(Blob.part)
        found = bytearray()
        for data in self._session.scalars(query.execution_options(yield_per=1)):
            found += data
        del found[: start - first * PART]
        del found[stop - start :]
        if len(found) != stop - start:
            raise NotFound(f"The bytes of the array “{entry.name}” of {entry.owner} are gone. Run the job again.")
        return found


_UNSEEN = {"synchronize_session": False}  # blobs are never held as objects


def _plain(array: AnyArray) -> AnyArray:
    """The array in C order with little-endian numbers; a copy only where needed."""
    if array.dtype.kind not in NUMBERS:
        raise ValueError(f"An array of {array.dtype} cannot be stored: only numbers can.")
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")


def _content_hash(plain: AnyArray, data: memoryview) -> str:
    digest = hashlib.sha256(f"{plain.dtype.str} {plain.shape} ".encode())
    digest.update(data)
    return digest.hexdigest()


def _view(entry: Array, data: bytearray, shape: list[int]) -> AnyArray:
    array = np.frombuffer(data, dtype=np.dtype(entry.dtype)).reshape(shape)
    array.setflags(write=False)
    return array


def _under(owner: str, prefix: str) -> list[ColumnElement[bool]]:
    # Not LIKE: it ignores case on SQLite, and array names hold underscores.
    return [Array.owner == owner, func.substr(Array.name, 1, len(prefix)) == prefix]
