"""One device, one piece at a time: who waits for an answer goes before who scans."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class DeviceLock:
    """A lock that interactive pieces get first; a batch piece that holds it steps aside when asked to `give_way`."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._taken = False
        self._waiting = 0  # interactive pieces

    @contextmanager
    def held(self, *, interactive: bool) -> Iterator[None]:
        """Hold the device; a batch piece waits until nobody interactive does."""
        self._take(interactive=interactive)
        try:
            yield
        finally:
            self._release()

    def give_way(self) -> None:
        """Called by a batch piece that holds the device, between two batches: lets every interactive piece go first.

        For the whole piece, not for a token of it: a batch in between each token made answers twenty times slower.
        """
        with self._free:
            someone = self._waiting > 0
        if someone:
            self._release()
            self._take(interactive=False)

    def _take(self, *, interactive: bool) -> None:
        with self._free:
            if interactive:
                self._waiting += 1
                self._free.wait_for(lambda: not self._taken)
                self._waiting -= 1
            else:
                self._free.wait_for(lambda: not self._taken and self._waiting == 0)
            self._taken = True

    def _release(self) -> None:
        with self._free:
            self._taken = False
            self._free.notify_all()
