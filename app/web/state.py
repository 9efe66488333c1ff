"""The state of a view in the query string: defaults left out, lists repeated, so that links are short and stable."""

from collections.abc import Mapping
from functools import cache
from urllib.parse import urlencode

from pydantic import BaseModel


def query_string(state: BaseModel | Mapping[str, object], /, **changes: object) -> str:
    """`?key=value` of what differs from the defaults; empty if nothing does. None takes a key out."""
    values = {**(state.model_dump() if isinstance(state, BaseModel) else state), **changes}
    defaults = _defaults(type(state)) if isinstance(state, BaseModel) else {}
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        if value is None or value == defaults.get(key):
            continue
        for item in value if isinstance(value, list | tuple) else (value,):
            pairs.append((key, _text(item)))
    return "?" + urlencode(pairs) if pairs else ""


@cache  # a table's head asks for a dozen addresses
def _defaults(state: type[BaseModel]) -> dict[str, object]:
    fields = state.model_fields
    return {
        name: field.get_default(call_default_factory=True) for name, field in fields.items() if not field.is_required()
    }


def _text(value: object) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(value)
