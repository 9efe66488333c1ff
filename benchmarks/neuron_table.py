"""The neuron table of a large run over HTTP: 32 layers of 14,336 neurons, 8 languages, both types.

A real server process answers random languages, types, sorts, directions, pages and filters, one request after the
other over one connection, compressed as a browser asks for it. Arrays are warm; sorted orders are not made beforehand.
"""

import argparse
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil

from app.db.migrate import upgrade
from app.db.session import make_engine, make_sessions
from app.neurons.columns import COLUMNS
from tests.support.synthetic_run import write_synthetic_run

LAYERS, NEURONS = 32, 14_336
LANGUAGES = ("ja", "ar", "hi", "th", "fr", "ko", "nl")
BUDGET_MS, BUDGET_BYTES = 30.0, 60_000
NEXT = re.compile(r'href="([^"]*after=[^"]*)"')


@contextmanager
def server(url: str) -> Iterator[tuple[str, psutil.Process]]:
    """A server process on a free port, answering: its address, and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = ["uvicorn", "app.server:create", "--factory", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(["env", f"DATABASE_URL={url}", sys.executable, "-m", *serve])
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                httpx.get(f"{address}/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def questions(count: int, seed: int) -> dict[str, list[str]]:
    """Query strings by kind: random sorts, pages at random places, filters, and the tables as first opened."""
    draw = random.Random(seed)
    asked: dict[str, list[str]] = defaultdict(list)
    for _ in range(count):
        table = f"?language={draw.choice(LANGUAGES)}&type={draw.choice((1, 2))}"
        query = f"{table}&sort={draw.choice(COLUMNS).key}&dir={draw.choice(('asc', 'desc'))}"
        place = f"{draw.uniform(-0.01, 0.01):.6f}~{draw.randrange(LAYERS)}~{draw.randrange(NEURONS)}"
        asked["opened"].append(table)
        asked["sorted"].append(query)
        asked["page"].append(f"{query}&every=1&after={place}")
        asked["page back"].append(f"{query}&every=1&before={place}")
        asked["filtered"].append(f"{query}&min_eta2={draw.uniform(0, 0.3):.3f}&min_positive=0.4&first=2&last=28")
    return asked


def ask(client: httpx.Client, address: str) -> tuple[float, httpx.Response]:
    """Milliseconds until the whole answer is here, and the answer."""
    start = time.perf_counter()
    response = client.get(address)
    spent = 1000 * (time.perf_counter() - start)
    response.raise_for_status()
    return spent, response


def follow(client: httpx.Client, address: str, pages: int) -> Iterator[tuple[float, int]]:
    """Milliseconds and bytes of `pages` pages, each asked for by the link to more rows of the one before."""
    for _ in range(pages):
        spent, response = ask(client, address)
        yield spent, len(response.content)
        found = NEXT.search(response.text)
        if found is None:
            raise SystemExit("A table of hundreds of thousands of rows has no link to its next page.")
        address = found[1].replace("&amp;", "&")


def measure(client: httpx.Client, process: psutil.Process, run: str, count: int, seed: int) -> bool:
    """Print times and sizes by kind; whether all are within budget."""
    base = f"/runs/{run}/neurons"
    cold, _ = ask(client, base)
    for language in LANGUAGES:
        for kind in (1, 2):
            ask(client, f"{base}?language={language}&type={kind}")
    print(f"{'kind':<12}{'n':>5}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'CPU ms':>9}{'HTML kB':>9}")
    tables = {kind: _answers(client, base, queries) for kind, queries in questions(count, seed).items()}
    tables["next page"] = follow(client, f"{base}?language=ar&type=2", count)
    within = min([_report(kind, answers, process) for kind, answers in tables.items()])
    _report("bare page", _answers(client, "/about", [""] * count), process)
    print(f"first request of all, nothing read yet: {cold:.0f} ms; CPU is the server's alone, a mean")
    print(f"budget: p95 {BUDGET_MS:.0f} ms, HTML {BUDGET_BYTES / 1000:.0f} kB")
    return within


def _answers(client: httpx.Client, base: str, queries: list[str]) -> Iterator[tuple[float, int]]:
    for query in queries:
        spent, response = ask(client, base + query)
        yield spent, len(response.content)


def _report(kind: str, answers: Iterator[tuple[float, int]], process: psutil.Process) -> bool:
    before = process.cpu_times()
    times, sizes = zip(*answers, strict=True)
    after = process.cpu_times()
    used = 1000 * (after.user + after.system - before.user - before.system) / len(times)
    p50, p95, most = np.percentile(times, [50, 95, 100])
    print(
        f"{kind:<12}{len(times):>5}{p50:>9.1f}{p95:>9.1f}{most:>9.1f}{used:>9.1f}{max(sizes) / 1000:>9.1f}", flush=True
    )
    return bool(p95 <= BUDGET_MS) and max(sizes) <= BUDGET_BYTES


def main() -> int:
    """Make the run, start the server, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="queries of each kind")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="babelscope-") as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        upgrade(url)
        engine = make_engine(url)
        with make_sessions(engine)() as session:
            run = write_synthetic_run(
                session, layers=LAYERS, neurons=NEURONS, languages=LANGUAGES, scores_only=True, seed=asked.seed
            )
            session.commit()
        engine.dispose()
        with server(url) as (address, process), httpx.Client(base_url=address, timeout=60) as client:
            return 0 if measure(client, process, run, asked.count, asked.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
