"""The report of one run or of two that differ in their preset: sections of figures, side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy import select

from app.contracts.jobs import PRESETS as SCAN_PRESETS
from app.contracts.jobs import ScanSettings, ScanSpec
from app.db.runs import FinishedRun, finished_run, stored_run
from app.db.tables import Run
from app.experiments.kind import Desk, Shown, StoredExperiment
from app.figures.figure import Figure, Table
from app.overview.service import all_figures
from app.overview.source import FigureQuery, Source
from app.reports.parts import Asked, asked_parts
from app.reports.published import Published, published_beside

PRESETS = ("paper", "corrected")


@dataclass(frozen=True)
class Column:
    """What a report says of one run: figures and tables by name, the parts that were asked, what cannot be drawn.

    `tables` are those of parts without figures.
    """

    run: FinishedRun
    figures: dict[str, Figure]
    tables: dict[str, Table]
    parts: tuple[Asked, ...]
    missing: tuple[str, ...]

    @property
    def preset(self) -> str:
        """The preset of the run's scan."""
        return self.run.spec.settings.preset


@dataclass(frozen=True)
class Section:
    """One heading of a report with the names of its figures and tables; `part` is None for the run's own."""

    title: str
    paper: str
    part: str | None
    figures: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """Everything the page, the file and the shared view of a report draw."""

    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    published: tuple[Published, ...]

    @property
    def complete(self) -> bool:
        """Whether every part that can be asked has its answer."""
        return all(one.complete or one.wanted is None for column in self.columns for one in column.parts)

    @property
    def unfinished(self) -> bool:
        """Whether a part is still queued or running."""
        return any(
            one.experiment is not None and one.experiment.status in ("queued", "running")
            for column in self.columns
            for one in column.parts
        )


class ReportQuery(BaseModel):
    """Which presets a report shows; both, where there are runs of both."""

    preset: str = "both"


def named_tables(report: Report) -> Iterator[tuple[str, Table]]:
    """Name and numbers of every figure and table of the report."""
    for column in report.columns:
        for name, figure in column.figures.items():
            yield f"{column.preset}-{name}", figure.table
        for name, table in column.tables.items():
            yield f"{column.preset}-{name}", table
    for one in report.published:
        yield one.name, one.table


def compose(desk: Desk, runs: Sequence[FinishedRun]) -> Report:
    """The report of these runs, in their order."""
    columns = tuple(_column(desk, run) for run in runs)
    sections = tuple(_sections(columns))
    return Report(columns, sections, published_beside(columns[0].run, columns))


def companions(desk: Desk, run_id: str) -> tuple[FinishedRun, ...]:
    """The run with the newest finished runs that differ from it in the preset alone, paper first.

    Raises NotFound for the run, Conflict while it has no numbers.
    """
    run = finished_run(desk.session, run_id)
    found = {run.spec.settings.preset: run}
    for row in _siblings(desk, run):
        preset = ScanSpec.model_validate(row.spec).settings.preset
        if preset in PRESETS and preset not in found and row.status == "complete" and row.summary is not None:
            found[preset] = finished_run(desk.session, row.id)
    order = [preset for preset in PRESETS if preset in found]
    return tuple(found[preset] for preset in (*order, *(set(found) - set(order))))


def shown_runs(runs: Sequence[FinishedRun], preset: str) -> Sequence[FinishedRun]:
    """Those of a preset; all where it is `both` or no run has it."""
    return [run for run in runs if preset in ("both", run.spec.settings.preset)] or runs


def counterpart(desk: Desk, run: FinishedRun) -> tuple[str, Run | None]:
    """The preset a run lacks for a comparison, and the newest run with it in whatever state."""
    preset = "corrected" if run.spec.settings.preset == "paper" else "paper"
    rows = (row for row in _siblings(desk, run) if ScanSpec.model_validate(row.spec).settings.preset == preset)
    return preset, next(rows, None)


def _siblings(desk: Desk, run: FinishedRun) -> Iterable[Run]:
    """Runs of the same model, corpus, languages and pivot, newest first."""
    query = select(Run).where(Run.model_id == run.model.id, Run.corpus_id == run.corpus.id, Run.id != run.id)
    for row in desk.session.scalars(query.order_by(Run.created.desc(), Run.id)):
        if stored_run(desk.session, row).spec.all_languages == run.spec.all_languages:
            yield row


def _column(desk: Desk, run: FinishedRun) -> Column:
    drawn, missing = all_figures(Source.open(desk.session, desk.cache, run.id, FigureQuery()))
    figures = {f"run-{one.name}": one for one in drawn}
    tables: dict[str, Table] = {}
    parts = tuple(asked_parts(desk, run))
    for asked in parts:
        if asked.experiment is None or asked.experiment.result is None:
            continue
        shown = Shown(desk, StoredExperiment(asked.experiment, run.model, run, None), asked.kind.state())
        found = {f"{asked.part.name}-{one.name}": one for one in asked.kind.figures(shown)}
        figures |= found
        if not found:
            header, rows = asked.kind.table(shown)
            tables[f"{asked.part.name}-table"] = Table(tuple(header), tuple(tuple(row) for row in rows))
    return Column(run, figures, tables, parts, tuple(missing))


def _sections(columns: Sequence[Column]) -> Iterator[Section]:
    figures = tuple(dict.fromkeys(name for column in columns for name in column.figures))
    tables = tuple(dict.fromkeys(name for column in columns for name in column.tables))

    def of(names: tuple[str, ...], start: str) -> tuple[str, ...]:
        return tuple(name for name in names if name.startswith(f"{start}-"))

    yield Section("Layers, languages and neurons", "sections 2 to 4", None, of(figures, "run"), ())
    for asked in columns[0].parts:
        name, part = asked.part.name, asked.part
        yield Section(part.title, part.paper, name, of(figures, name), of(tables, name))


def settings_like(like: FinishedRun, preset: str) -> ScanSettings:
    """A preset's settings with the run's own number of sentences, seed and details."""
    same = {name: getattr(like.spec.settings, name) for name in ("max_sentences", "seed", "detail_neurons")}
    return SCAN_PRESETS[preset].model_copy(update=same)
