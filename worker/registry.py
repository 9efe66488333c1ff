"""Scorers, interventions and projections by name: one decorated function is the whole registration.

A method is a function of its checked parameters first and then of what its kind takes; the three lists at the end say
what that is. `catalogue()` is what a worker announces, and the app draws its forms from it.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

from pydantic import ValidationError
from torch import Tensor

from app.contracts.base import Contract
from app.contracts.complaints import complaint
from app.contracts.results import MethodCard
from app.errors import BadInput, NotFound


class Params(Contract):
    """What can be chosen about a method: here, nothing. A method with parameters derives a class and adds fields."""


class Projected(NamedTuple):
    """The states of every level in two dimensions, and the share of variance shown (empty if the method has none)."""

    coordinates: list[Tensor]
    explained: list[float]


class Means(NamedTuple):
    """Mean activations of the chosen neurons over sentences of each language; no language where no run was given."""

    languages: tuple[str, ...]
    values: Tensor  # [languages, m]

    def of(self, language: str) -> Tensor:
        """[m]; raises BadInput for a language that the run has not read."""
        if language not in self.languages:
            known = f"its run has {', '.join(self.languages)}" if self.languages else "no run was chosen"
            raise BadInput(f"There are no mean activations of “{language}”: {known}.")
        return self.values[self.languages.index(language)]

    def overall(self) -> Tensor:
        """[m] the mean over languages, each counted alike; raises BadInput without any."""
        if not self.languages:
            raise BadInput("This intervention puts in mean activations, so it needs a run to take them from.")
        return self.values.mean(dim=0)


Taken = ParamSpec("Taken")
Given = TypeVar("Given")
Chosen = TypeVar("Chosen", bound=Params)


@dataclass(frozen=True)
class Method(Generic[Taken, Given]):
    """A named way to do what its kind does."""

    kind: str
    name: str
    title: str
    params: type[Params]
    run: Callable[Concatenate[Params, Taken], Given]

    def parse(self, values: Mapping[str, object]) -> Params:
        """The parameters, checked; a wrong one raises BadInput with the method's title and the parameter's name."""
        try:
            return self.params.model_validate(dict(values))
        except ValidationError as wrong:
            raise BadInput(complaint(wrong, lambda name: f"{self.title}: {name or 'parameters'}")) from wrong

    def card(self) -> MethodCard:
        """What the app needs to offer this method."""
        return MethodCard(kind=self.kind, name=self.name, title=self.title, parameters=self.params.model_json_schema())


class Registry(Generic[Taken, Given]):
    """The methods of one kind, in the order in which they were written."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._methods: dict[str, Method[Taken, Given]] = {}

    def __call__(
        self, name: str, *, title: str, params: type[Chosen]
    ) -> Callable[[Callable[Concatenate[Chosen, Taken], Given]], Callable[Concatenate[Chosen, Taken], Given]]:
        """Register the decorated function; a name given twice raises ValueError at import."""

        def register(
            function: Callable[Concatenate[Chosen, Taken], Given],
        ) -> Callable[Concatenate[Chosen, Taken], Given]:
            if name in self._methods:
                raise ValueError(f"There are two {self._kind}s called {name}; rename one.")

            def run(chosen: Params, /, *args: Taken.args, **kwargs: Taken.kwargs) -> Given:
                if not isinstance(chosen, params):
                    raise TypeError(f"{title} takes {params.__name__}, not {type(chosen).__name__}.")
                return function(chosen, *args, **kwargs)

            self._methods[name] = Method(self._kind, name, title, params, run)
            return function

        return register

    def __getitem__(self, name: str) -> Method[Taken, Given]:
        """The method of that name; NotFound names the nearest one there is."""
        if name in self._methods:
            return self._methods[name]
        near = difflib.get_close_matches(name, self._methods, n=1)
        hint = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(self._methods) or 'none'}."
        raise NotFound(f"There is no {self._kind} called {name}.{hint}")

    def __iter__(self) -> Iterator[Method[Taken, Given]]:
        return iter(self._methods.values())


# (stream [N, d], block output [N, d], activations [N, F], value vectors [F, d], targets [T, d]) -> sums over N [T, F]
SCORERS: Registry[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor] = Registry("scorer")
# activations of the chosen neurons [tokens, m] and their means -> what they are replaced by [tokens, m]
INTERVENTIONS: Registry[[Tensor, Means], Tensor] = Registry("intervention")
# (states of every level, each [N, d], and a seed) -> coordinates of every level, each [N, 2]
PROJECTIONS: Registry[[Sequence[Tensor], int], Projected] = Registry("projection")

scorer, intervention, projection = SCORERS, INTERVENTIONS, PROJECTIONS  # the names they have as decorators


def catalogue() -> tuple[MethodCard, ...]:
    """A card for every method whose module has been imported (importing `worker.numerics` imports them all)."""
    return tuple(method.card() for registry in (SCORERS, INTERVENTIONS, PROJECTIONS) for method in registry)
