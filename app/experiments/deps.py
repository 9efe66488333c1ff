"""What endpoints of experiments ask for: the kinds, a desk, an experiment that has a result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel

from app.db.experiments import NAME_LENGTH
from app.errors import BadInput, Conflict
from app.experiments.forms import gathered, read_form
from app.experiments.kind import Desk, Kind, Shown, Wanted
from app.experiments.kinds import get_kinds
from app.experiments.service import find_experiment, kind_named
from app.text.readers.reading import CorpusFile
from app.web.deps import Cache, Db

Kinds = Annotated[Mapping[str, Kind], Depends(get_kinds)]


def get_desk(db: Db, cache: Cache) -> Desk:
    """What forms and results read with."""
    return Desk(db, cache)


Reader = Annotated[Desk, Depends(get_desk)]


def shown(request: Request, desk: Desk, kinds: Mapping[str, Kind], experiment_id: str) -> tuple[Kind, Shown]:
    """An experiment with the view state of the address. Raises NotFound, Conflict while it has no result."""
    experiment = find_experiment(desk.session, experiment_id)
    kind = kind_named(kinds, experiment.row.kind)
    if experiment.row.result is None:
        raise Conflict(f"“{experiment.row.name}” is {experiment.row.status} and has no result yet.")
    state, _ = read_form(kind.state, gathered(kind.state, request.query_params.multi_items()))
    return kind, Shown(desk, experiment, state)


def get_shown(request: Request, experiment_id: str, desk: Reader, kinds: Kinds) -> tuple[Kind, Shown]:
    """What the files of an experiment are made from."""
    return shown(request, desk, kinds, experiment_id)


Answer = Annotated[tuple[Kind, Shown], Depends(get_shown)]


@dataclass(frozen=True)
class Filled:
    """A kind's form as somebody filled it in, and a sentence if a field cannot be read."""

    kind: Kind
    form: BaseModel
    name: str
    problem: str | None
    unread: bool = False  # files were chosen, and an address cannot hold them

    def wanted(self, desk: Desk, experiment_id: str) -> Wanted:
        """What it asks for. Raises BadInput or NotFound with what is wrong."""
        if self.problem is not None:
            raise BadInput(self.problem)
        if self.unread:
            raise BadInput(
                "Chosen files are read and checked when you press Start; until then their cost is not known."
            )
        return self.kind.specify(desk, self.form, experiment_id)


def _filled(kind: Kind, pairs: Sequence[tuple[str, object]]) -> Filled:
    form, problem = read_form(kind.form, gathered(kind.form, pairs))
    name = next((value for key, value in pairs if key == "name" and isinstance(value, str)), "")
    return Filled(kind, form, name[:NAME_LENGTH], problem)


def get_asked(kind: str, request: Request, kinds: Kinds) -> Filled:
    """The form in the address."""
    chosen, pairs = kind_named(kinds, kind), request.query_params.multi_items()
    unread = any(value and key in chosen.file_fields for key, value in pairs)
    return replace(_filled(chosen, pairs), unread=unread)


async def get_posted(kind: str, request: Request, kinds: Kinds) -> Filled:
    """The form in the body, with its files."""
    chosen = kind_named(kinds, kind)
    pairs: list[tuple[str, object]] = []
    async with request.form() as form:
        for key, value in form.multi_items():
            read = value if isinstance(value, str) else CorpusFile(value.filename or "", await value.read())
            pairs.append((key, read))
    return _filled(chosen, pairs)


InAddress = Annotated[Filled, Depends(get_asked)]
Posted = Annotated[Filled, Depends(get_posted)]
