"""`babelscope run`: server and worker together, and both end when it is told to stop."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds; generous, for machines that do much else besides


@pytest.mark.slow
def test_a_run_that_is_told_to_stop_takes_its_worker_along(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = (f"DATA_DIR={tmp_path}", f"PORT={port}", "HOST=127.0.0.1", "DEVICE=cpu", "THREADS=1", "DEMO=false")
    process = subprocess.Popen(["env", *settings, sys.executable, "-m", "app.cli", "run"], cwd=ROOT)
    try:
        last = time.monotonic() + PATIENCE
        while not serves(port) or len(families(process.pid)) < 3:  # itself, the supervisor, its worker
            assert process.poll() is None
            assert time.monotonic() < last
            time.sleep(0.1)
        family = families(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        _, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert alive == []
    finally:
        for one in families(process.pid):
            os.kill(one.pid, signal.SIGKILL)
        process.wait()


def serves(port: int) -> bool:
    """Whether the server answers."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/about", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def families(pid: int) -> list[psutil.Process]:
    """The process and all below it that still run."""
    try:
        first = psutil.Process(pid)
        return [one for one in (first, *first.children(recursive=True)) if one.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []
