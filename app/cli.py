"""The command `babelscope`: run everything, one part, or a scan or report without server; export; doctor."""

import json
import logging
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy.orm import Session, sessionmaker

from app.checkup import Check, examine
from app.contracts.jobs import PRESETS
from app.db.exports import write_run
from app.db.migrate import upgrade
from app.db.session import make_engine, make_sessions, translated_errors, utc_now
from app.errors import ProductError
from app.offline import Request, prepare
from app.offline_comparison import Asked, in_words
from app.offline_comparison import compare as compare_offline
from app.settings import Settings
from app.text.corpora import Format

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="See where a multilingual language model keeps its languages.",
)
_errors = Console(stderr=True)


def main() -> None:
    """Run the command; what goes wrong on purpose ends as one sentence and exit code 1."""
    try:
        with translated_errors():
            cli()
    except ProductError as error:
        _errors.print(f"[red]{error.title}.[/] ", end="")
        _errors.print(str(error), markup=False)
        sys.exit(1)


def _sessions(settings: Settings) -> sessionmaker[Session]:
    return make_sessions(make_engine(settings.url))


@cli.command()
def run() -> None:
    """Migrate the database, start worker and server, and show the demo model on first start."""
    settings = Settings()
    _require_free(settings)
    upgrade(settings.url)
    if settings.demo:
        _first_start(settings)
    worker = subprocess.Popen([sys.executable, "-m", "worker.main"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the server hands the signal on when it has ended
    try:
        _serve(settings)
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()


def _first_start(settings: Settings) -> None:
    from app.demo import ensure_demo  # the worker's image runs this module without the demo's page-side imports

    ensure_demo(settings)


def _require_free(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            _errors.print(
                f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}). "
                f"Stop what uses it, or choose another: PORT={settings.port + 1} make run",
                markup=False,
            )
            raise typer.Exit(1) from error


@cli.command()
def serve() -> None:
    """Migrate the database and start the web server alone."""
    settings = Settings()
    upgrade(settings.url)
    _serve(settings)


def _serve(settings: Settings) -> None:
    import uvicorn  # not installed in the worker's image

    shown = "localhost" if settings.host in {"127.0.0.1", "0.0.0.0", "::"} else settings.host  # noqa: S104
    print(f"Babelscope is at http://{shown}:{settings.port} (stop with Ctrl-C)", flush=True)
    uvicorn.run(
        "app.server:create",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_level="warning" if settings.log_level == "info" else settings.log_level,
        timeout_graceful_shutdown=3,  # an open event stream would otherwise keep the server from ending
    )


@cli.command()
def worker() -> None:
    """Start the workers of this machine: one process a device."""
    sys.exit(subprocess.call([sys.executable, "-m", "worker.main"]))


@contextmanager
def _database_of_its_own() -> Iterator[tuple[str, sessionmaker[Session]]]:
    """A migrated database that is gone afterwards: its address, and sessions on it."""
    with tempfile.TemporaryDirectory(prefix="babelscope-") as folder:
        url = f"sqlite:///{Path(folder) / 'offline.db'}"
        upgrade(url)
        engine = make_engine(url)
        try:
            yield url, make_sessions(engine)
        finally:
            engine.dispose()


def _in_worker(url: str, one: str) -> None:
    """Compute a run, experiment or inspection in the worker's process; its failure has been told, and ends this."""
    code = subprocess.call([sys.executable, "-m", "worker.headless", url, one])  # noqa: S603 # both made here
    if code != 0:
        raise typer.Exit(code)


@cli.command()
def scan(  # noqa: PLR0913 # one parameter an option
    model: Annotated[str, typer.Argument(help="Hub id, as owner/name, or a local folder.")],
    corpus: Annotated[Path, typer.Option(help="File or folder of sentences.", exists=True)],
    languages: Annotated[str, typer.Option(help="Codes separated by commas, for example ja,nl.")],
    pivot: Annotated[str, typer.Option(help="Language the others are compared with.")] = "en",
    preset: Annotated[str, typer.Option(help="paper or corrected.")] = "corrected",
    out: Annotated[Path, typer.Option(help="Folder for scores.parquet, layers.parquet and run.json.")] = Path("scan"),
    revision: Annotated[str | None, typer.Option(help="Revision of a hub model.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="How the corpus is laid out.")] = "auto",
    setting: Annotated[list[str] | None, typer.Option("--set", help="A scan setting, as max_sentences=500.")] = None,
) -> None:
    """Scan a model without a server; the same code, a progress bar instead of pages."""
    if preset not in PRESETS:
        raise typer.BadParameter(f"“{preset}” is not a preset; choose one of {', '.join(PRESETS)}.")
    with _database_of_its_own() as (url, sessions):
        request = Request(
            model, revision, corpus, format_, tuple(languages.split(",")), pivot, preset, tuple(setting or ())
        )
        run_id = prepare(sessions, request)
        _in_worker(url, run_id)
        with sessions() as session:
            for path in write_run(session, run_id, out):
                print(path)


@cli.command()
def compare(  # noqa: PLR0913 # one parameter an option
    model: Annotated[str, typer.Argument(help="Hub id, as owner/name, or a local folder.")],
    prompt: Annotated[str, typer.Option(help="What the model goes on from.")],
    neurons: Annotated[Path, typer.Option("--set", help="JSON or CSV of layer, neuron.", exists=True)],
    intervention: Annotated[str, typer.Option(help="zero, scale, clamp.")] = "zero",
    parameter: Annotated[list[str] | None, typer.Option("--param", help="Of the intervention, as factor=0.5.")] = None,
    positions: Annotated[str, typer.Option(help="prompt_last, prompt, prompt_but_first, generated or all.")] = "all",
    controls: Annotated[int, typer.Option(help="Draws of layer-matched random neurons.")] = 5,
    seed: Annotated[int, typer.Option(help="Of controls and sampling.")] = 42,
    tokens: Annotated[int, typer.Option(help="New tokens at most.")] = 64,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.0,
    samples: Annotated[int, typer.Option(help="Sampled continuations.")] = 1,
    chat: Annotated[bool, typer.Option("--chat", help="Use the model's chat template.")] = False,
    target: Annotated[str | None, typer.Option(help="Language the answer should be in.")] = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a hub model.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole result, machine-readable.")] = False,
) -> None:
    """Write from one prompt with and without a set of neurons, beside random controls, without a server."""
    sampling = {"max_new_tokens": tokens, "temperature": temperature, "samples": samples, "seed": seed}
    asked = Asked(
        model, revision, prompt, neurons, intervention, tuple(parameter or ()), positions, chat, target,
        {"draws": controls, "seed": seed}, sampling,
    )  # fmt: skip
    with _database_of_its_own() as (url, sessions):
        result = compare_offline(sessions, asked, lambda one: _in_worker(url, one))
    if as_json:
        print(result.model_dump_json(indent=2))
    else:
        for line in in_words(result):
            print(line)


@cli.command()
def export(
    run: Annotated[str, typer.Argument(help="Id of a finished run, as in its address.")],
    out: Annotated[Path, typer.Option(help="Folder for scores.parquet, layers.parquet and run.json.")] = Path("export"),
) -> None:
    """Write a stored run's scores, layer metrics and description as files."""
    settings = Settings()
    upgrade(settings.url)
    with _sessions(settings)() as session:
        for path in write_run(session, run, out):
            print(path)


@cli.command()
def report(
    run: Annotated[str, typer.Argument(help="Id of a finished run, as in its address.")],
    preset: Annotated[str, typer.Option(help="paper, corrected or both.")] = "both",
    out: Annotated[Path, typer.Option(help="Folder for report.html and a CSV of every figure.")] = Path("report"),
) -> None:
    """Compute and write every figure and table of the paper for a run's model, both presets side by side."""
    from app.reports.command import write_report  # the worker's image has no templates

    if preset not in (*PRESETS, "both"):
        raise typer.BadParameter(f"“{preset}” is not a preset; choose one of {', '.join(PRESETS)} or both.")
    settings = Settings()
    upgrade(settings.url)
    presets = tuple(PRESETS) if preset == "both" else (preset,)
    made = write_report(_sessions(settings), settings.url, run, presets, out, utc_now())
    print(out / "report.html")
    for column in made.columns:
        for part in column.parts:
            if not part.complete:
                print(f"{column.preset}: {part.part.title}: {part.problem or 'not computed'}")


@cli.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Say what is installed and running, what is wrong and how to mend it."""
    logging.disable(logging.CRITICAL)
    checks = examine(Settings())
    if as_json:
        print(json.dumps([check.__dict__ for check in checks], indent=2, ensure_ascii=False))
    else:
        for check in checks:
            _print_check(check)
    if any(check.state == "wrong" for check in checks):
        raise typer.Exit(1)


def _print_check(check: Check) -> None:
    mark = {"good": "✓", "note": "·", "wrong": "✗"}[check.state]
    print(f"{mark} {check.part:<12} {check.found}")
    if check.mend:
        print(f"  {'':<12} → {check.mend}")


if __name__ == "__main__":
    main()
