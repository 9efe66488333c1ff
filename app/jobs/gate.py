"""The door pieces pass on their way in, so that a worker can stop between two of them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Counts the pieces inside; once closed, whoever comes waits until the process ends."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Be inside; a piece that comes too late is handed to another worker by our supervisor."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def close(self, seconds: float) -> bool:
        """Let nobody in any more and wait for those inside; False if some are still there after `seconds`."""
        with self._changed:
            self._closed = True
            empty = self._changed.wait_for(lambda: self._inside == 0, seconds)
        time.sleep(0.2)  # the engine notes the end of a piece just after it has left
        return empty
