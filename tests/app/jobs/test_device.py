"""Who gets the device, and how a worker closes its door."""

import threading
from collections.abc import Callable

from app.jobs.device import DeviceLock
from app.jobs.gate import Gate


def started(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_interactive_pieces_go_first_and_a_batch_piece_steps_aside() -> None:
    device = DeviceLock()
    order: list[str] = []
    holding, waiting = threading.Event(), threading.Event()

    def batch(name: str) -> None:
        with device.held(interactive=False):
            order.append(f"{name} begins")
            holding.set()
            waiting.wait()
            while len(order) < 2:  # until the interactive piece has come and gone
                device.give_way()
            order.append(f"{name} ends")

    def interactive() -> None:
        waiting.set()
        with device.held(interactive=True):
            order.append("interactive")

    first = started(lambda: batch("scan"))
    holding.wait()
    second = started(interactive)
    first.join(10)
    second.join(10)
    assert order == ["scan begins", "interactive", "scan ends"]


def test_nobody_waiting_the_device_is_kept() -> None:
    device = DeviceLock()
    with device.held(interactive=False):
        device.give_way()
        assert device._taken


def test_a_closed_gate_lets_out_but_not_in() -> None:
    gate = Gate()
    inside, leave, late = threading.Event(), threading.Event(), threading.Event()

    def piece(entered: threading.Event, until: threading.Event) -> None:
        with gate.passed():
            entered.set()
            until.wait()

    started(lambda: piece(inside, leave))
    inside.wait()
    assert not gate.close(0.05)
    started(lambda: piece(late, leave))
    leave.set()
    assert gate.close(10)
    assert not late.wait(0.1)
