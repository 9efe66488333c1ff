"""How a feature lets its views be shared: it freezes one into a `SharedView`, and app.shares keeps that."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from markupsafe import Markup
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from app.contracts.complaints import complaint
from app.contracts.provenance import Provenance
from app.errors import BadInput, NotFound
from app.web.cache import ArrayCache

Asked = TypeVar("Asked", bound=BaseModel)
Render = Callable[..., Markup]


@dataclass(frozen=True)
class SharedView:
    """A view as its readers will see it, for ever: all of it is stored, nothing is asked again.

    `body` may be rendered from the live templates; scripts, links and forms are taken out before it is stored.
    `texts` says, a phrase each, which texts of people it makes readable (the prompt, sentences of a corpus).
    """

    kind: str
    address: str  # of the live view
    title: str
    summary: str  # one sentence
    body: Markup
    data: Mapping[str, object]
    table: str  # CSV
    provenance: Provenance
    preview: str  # an SVG that stands alone, for chat apps; see app.figures.card
    styles: tuple[str, ...] = ()  # style sheets of static/ that the body needs
    texts: tuple[str, ...] = ()
    code: str = ""  # a Python script that makes the result again


@dataclass(frozen=True)
class Place:
    """The view that is to be shared, as its address names it, and what freezing it may read."""

    session: Session
    cache: ArrayCache
    render: Render
    parameters: Mapping[str, str]
    query: Mapping[str, str | list[str]] = field(default_factory=dict)

    def asked(self, contract: type[Asked]) -> Asked:
        """The query as the view's own contract reads it. Raises BadInput."""
        try:
            return contract.model_validate(self.query)
        except ValidationError as error:
            raise BadInput(f"The address of the view cannot be read: {complaint(error)}") from error


@dataclass(frozen=True)
class Sharer:
    """Freezes the views whose path `pattern` matches whole; the pattern's named groups become `place.parameters`.

    `snapshot` raises what its page raises, and Conflict for a view that is not finished.
    """

    kind: str
    pattern: re.Pattern[str]
    snapshot: Callable[[Place], SharedView]


class Sharers:
    """Every view that can be shared."""

    def __init__(self, sharers: Iterable[Sharer]) -> None:
        self._sharers = tuple(sharers)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds there are, each once."""
        return tuple(dict.fromkeys(sharer.kind for sharer in self._sharers))

    def covers(self, path: str) -> bool:
        """Whether the view at this path can be shared."""
        return any(sharer.pattern.fullmatch(path) for sharer in self._sharers)

    def snapshot(self, session: Session, cache: ArrayCache, render: Render, address: str) -> SharedView:
        """Freeze the view at an address of this server. Raises NotFound for one that is no view."""
        parts = urlsplit(address.strip())
        for sharer in self._sharers:
            found = sharer.pattern.fullmatch(parts.path)
            if found is not None:
                pairs = parse_qsl(parts.query, keep_blank_values=True)
                return sharer.snapshot(Place(session, cache, render, found.groupdict(), _gathered(pairs)))
        raise NotFound(
            f"There is no view at {address[:200]} that can be shared. Open the view you mean and press Share there."
        )


def _gathered(pairs: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Pairs of a query by name; a name that is repeated has a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


RUN = r"/runs/(?P<run_id>[a-z0-9]{12})"  # not /runs/new


def pattern(path: str) -> re.Pattern[str]:
    """A compiled path, in which {run} stands for the address of a run."""
    return re.compile(path.replace("{run}", RUN))
