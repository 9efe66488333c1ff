"""What can be done to neurons: the interventions that workers announce, and their parameters read from a form."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts.results import Catalogue, MethodCard
from app.db.tables import WorkerLease
from app.errors import BadInput

Value = float | int | str | bool
ZERO = MethodCard(kind="intervention", name="zero", title="Zero", parameters={})  # until a worker was ever seen


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an action as a form draws it; `key` is the name of its field."""

    key: str
    name: str
    title: str
    kind: str  # number | integer | boolean | string
    choices: tuple[str, ...]
    default: str
    meaning: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Action:
    """An intervention that a worker offers."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]

    @property
    def speaks(self) -> bool:
        """Whether it needs a language, and so the mean activations of a run."""
        return any(parameter.name == "language" for parameter in self.parameters)


def offered(session: Session) -> tuple[Action, ...]:
    """The interventions of the worker seen last, whether or not it lives."""
    query = select(WorkerLease.catalogue).where(WorkerLease.catalogue.is_not(None)).order_by(WorkerLease.beat.desc())
    found = session.scalars(query.limit(1)).first()
    methods = Catalogue.model_validate(found).methods if found else ()
    cards = [method for method in methods if method.kind == "intervention"] or [ZERO]
    return tuple(Action(card.name, card.title, _parameters(card)) for card in cards)


def _parameters(card: MethodCard) -> tuple[Parameter, ...]:
    properties = card.parameters.get("properties", {})
    if not isinstance(properties, Mapping):
        return ()
    return tuple(_parameter(card.name, str(name), schema) for name, schema in properties.items())


def _parameter(action: str, name: str, schema: Mapping[str, object]) -> Parameter:
    options = schema.get("anyOf")
    kinds = [one for one in options if isinstance(one, Mapping)] if isinstance(options, Sequence) else []
    main = next((one for one in kinds if one.get("type") != "null"), schema)
    default, choices = schema.get("default"), main.get("enum", ())
    return Parameter(
        key=f"{action}.{name}",
        name=name,
        title=str(schema.get("title", name.replace("_", " ").capitalize())),
        kind=str(main.get("type", "string")),
        choices=tuple(str(one) for one in choices) if isinstance(choices, Sequence) else (),
        default="" if default is None else str(default).lower() if isinstance(default, bool) else str(default),
        meaning=str(schema.get("description", "")),
        low=_bound(main, "minimum", "exclusiveMinimum"),
        high=_bound(main, "maximum", "exclusiveMaximum"),
    )


def _bound(schema: Mapping[str, object], *names: str) -> float | None:
    return next((float(value) for name in names if isinstance(value := schema.get(name), int | float)), None)


def parameters_from(action: Action, given: Mapping[str, str]) -> dict[str, Value]:
    """The values of the action's fields; what is empty is left to the worker's default.

    Raises BadInput naming the parameter, above all for a number that is none, not finite, or beyond its limits.
    """
    values: dict[str, Value] = {}
    for parameter in action.parameters:
        typed = given.get(parameter.key, "").strip()
        if typed:
            values[parameter.name] = _value(action, parameter, typed)
        elif not parameter.default:
            raise BadInput(f"{action.title} needs a value for “{parameter.title}”.")
    return values


def _value(action: Action, parameter: Parameter, typed: str) -> Value:
    name = f"{action.title}: {parameter.title}"
    if parameter.choices and typed not in parameter.choices:
        raise BadInput(f"{name} is one of {', '.join(parameter.choices)}, not “{typed[:40]}”.")
    if parameter.kind == "boolean":
        return typed in ("true", "1", "on")
    if parameter.kind not in ("number", "integer"):
        return typed[:200]
    try:
        number = float(typed.replace(",", ".").replace("−", "-"))
    except ValueError:
        raise BadInput(f"{name} must be a number; “{typed[:40]}” is not one.") from None
    if not math.isfinite(number):
        raise BadInput(f"{name} must be a finite number; “{typed[:40]}” is not one.")
    if parameter.kind == "integer" and number != int(number):
        raise BadInput(f"{name} must be a whole number, not {typed[:40]}.")
    _check_limits(name, parameter, number)
    return int(number) if parameter.kind == "integer" else number


def _check_limits(name: str, parameter: Parameter, number: float) -> None:
    low, high = parameter.low, parameter.high
    if (low is None or number >= low) and (high is None or number <= high):
        return
    limits = f"at most {high:g}" if low is None else f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
    raise BadInput(f"{name} must be {limits}; {number:g} is not.")
