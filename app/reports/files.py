"""A report as files: one HTML page that needs nothing else, and a CSV for every figure and table."""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime

from jinja2 import Environment
from markupsafe import Markup

from app.figures.figure import inline
from app.reports.compose import Report, named_tables
from app.web.assets import FOLDER
from app.web.tabular import csv_text

STYLES = ("app.css", "figures.css", "overview.css", "experiments.css", "report.css")


def single_file(environment: Environment, report: Report, now: datetime) -> str:
    """The whole report as HTML with styles and drawings inside, and no script."""
    styles = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in STYLES)
    return environment.get_template("reports/file.html").render(
        report=report,
        inline=inline,
        now=now,
        styles=Markup("<style>\n{}\n</style>").format(Markup(styles)),  # noqa: S704 - our own style sheets
    )


def tables(report: Report) -> Iterator[tuple[str, str]]:
    """File name and CSV of every figure and table of the report."""
    for name, table in named_tables(report):
        yield f"{name}.csv", csv_text(table.columns, table.rows)


def archive(environment: Environment, report: Report, now: datetime) -> bytes:
    """HTML and CSV files as one ZIP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("report.html", single_file(environment, report, now))
        for name, content in tables(report):
            file.writestr(name, content)
    return packed.getvalue()
