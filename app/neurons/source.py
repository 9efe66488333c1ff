"""The arrays of one run as the neuron pages read them: decoded once for all requests, known by their content."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.runs import FinishedRun
from app.db.tables import Array
from app.errors import NotFound
from app.web.cache import ArrayCache


@dataclass(slots=True)
class RunArrays:
    """Reads arrays of `run`; `expect` asks the database once for many names."""

    session: Session
    cache: ArrayCache
    run: FinishedRun
    _entries: dict[str, Array | None] = field(default_factory=dict)
    _read: dict[str, NDArray[Any]] = field(default_factory=dict)

    def expect(self, names: Iterable[str]) -> None:
        """Learn in one query which of these names are stored, and their hashes."""
        wanted = [name for name in names if name not in self._entries]
        if wanted:
            self._entries.update(dict.fromkeys(wanted))
            found = select(Array).where(Array.owner == self.run.owner, Array.name.in_(wanted))
            self._entries.update({entry.name: entry for entry in self.session.scalars(found)})

    def has(self, name: str) -> bool:
        """Whether the run has stored it."""
        self.expect([name])
        return self._entries[name] is not None

    def hash(self, name: str) -> str:
        """The hash of its content. Raises NotFound."""
        return self._entry(name).hash

    def shape(self, name: str) -> tuple[int, ...]:
        """Its shape, without reading it. Raises NotFound."""
        return tuple(self._entry(name).shape)

    def get(self, name: str) -> NDArray[Any]:
        """The array, read-only. Raises NotFound."""
        known = self._read.get(name)
        if known is None:
            self._entry(name)
            known = self._read[name] = self.cache.cached(self.session, self.run.owner, name)
        return known

    def flat(self, name: str) -> NDArray[np.float32]:
        """A [layers, neurons] array as [layers * neurons]."""
        flat: NDArray[np.float32] = self.get(name).reshape(-1)
        return flat

    def _entry(self, name: str) -> Array:
        self.expect([name])
        entry = self._entries[name]
        if entry is None:
            raise NotFound(f"The run “{self.run.name}” has stored no {name}. Start the scan again to compute it.")
        return entry
