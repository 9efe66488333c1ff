"""A shared page read by 50 readers at once over loopback: how long an answer takes, and what else the server did.

A real server process; the readers are connections of another process that ask for the page, its picture and its JSON,
each pausing between two requests as a person or a chat app does. Counted: jobs, events and leases before and after.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from sqlalchemy import Engine, func, select

from app.db.migrate import upgrade
from app.db.session import make_engine, make_sessions
from app.db.tables import Event, Job, WorkerLease
from benchmarks.neuron_table import server
from tests.support.synthetic_comparison import write_synthetic_comparison
from tests.support.synthetic_run import write_synthetic_run

READERS, PAUSE_SECONDS, BUDGET_MS = 50, 0.5, 50.0
FORMS = ("", "", "", ".json", "/preview.png")


async def ask(host: str, port: int, address: str) -> tuple[float, int]:
    """Milliseconds until the whole answer is here on a connection of its own, and its status."""
    start = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {address} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept-Encoding: gzip\r\n"
                 "Connection: close\r\n\r\n".encode())  # fmt: skip
    answer = await reader.read(-1)
    spent = 1000 * (time.perf_counter() - start)
    writer.close()
    return spent, int(answer.split(b" ", 2)[1])


async def read(port: int, tokens: list[str], seconds: float, seed: int) -> list[tuple[float, int]]:
    """One reader until the time is over."""
    draw, found = random.Random(seed), []
    await asyncio.sleep(draw.uniform(0, PAUSE_SECONDS))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        found.append(await ask("127.0.0.1", port, f"/s/{draw.choice(tokens)}{draw.choice(FORMS)}"))
        await asyncio.sleep(draw.uniform(0.5, 1.5) * PAUSE_SECONDS)
    return found


async def crowd(port: int, tokens: list[str], seconds: float) -> list[tuple[float, int]]:
    """All readers at once."""
    answers = await asyncio.gather(*(read(port, tokens, seconds, seed) for seed in range(READERS)))
    return [one for found in answers for one in found]


def activity(engine: Engine) -> list[int]:
    """Rows that a queue or a model would leave."""
    with make_sessions(engine)() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in (Job, Event, WorkerLease)]


def main() -> int:
    """Make the shares, start the server, read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="babelscope-") as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        upgrade(url)
        engine = make_engine(url)
        with make_sessions(engine).begin() as session:
            run = write_synthetic_run(session, layers=8, neurons=96, sentences_per_language=200)
            compared = write_synthetic_comparison(session, run, "ja")
        with server(url) as (address, process), httpx.Client(base_url=address, timeout=60) as client:
            views = (f"/runs/{run}", f"/runs/{run}/map", f"/runs/{run}/neurons", f"/comparisons/{compared}")
            made = [client.post("/api/shares", json={"of": view}).raise_for_status().json()["token"] for view in views]
            sizes = [len(client.get(f"/s/{token}").content) for token in made]
            before, used = activity(engine), process.cpu_times()
            answers = asyncio.run(crowd(int(address.rsplit(":", 1)[1]), made, asked.seconds))
            after, now = activity(engine), process.cpu_times()
        engine.dispose()
    times = np.array([spent for spent, _ in answers])
    p50, p95, most = np.percentile(times, [50, 95, 100])
    cpu = 1000 * (now.user + now.system - used.user - used.system) / len(times)
    wrong = sum(status != 200 for _, status in answers)
    print(f"{READERS} readers, {len(times)} answers in {asked.seconds:.0f} s: p50 {p50:.1f} ms, p95 {p95:.1f} ms, "
          f"max {most:.1f} ms")  # fmt: skip
    print(f"{cpu:.2f} ms of the server's CPU each; pages of {[size // 1000 for size in sizes]} kB")
    print(f"answers that failed: {wrong}; jobs, events and leases before {before}, after {after}")
    print(f"budget: p95 {BUDGET_MS:.0f} ms, nothing queued")
    return 0 if p95 <= BUDGET_MS and not wrong and before == after else 1


if __name__ == "__main__":
    sys.exit(main())
