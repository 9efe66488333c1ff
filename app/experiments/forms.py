"""Fields of a form or an address into a kind's form model."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from app.contracts.complaints import complaint
from app.text.readers.reading import CorpusFile

Form = TypeVar("Form", bound=BaseModel)


def gathered(model: type[BaseModel], pairs: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """The fields the model knows: lists where it has lists, else the last value; empty texts count as left out.

    A field of files takes files alone: an address, which holds their names, leaves it empty.
    """
    values: dict[str, Any] = {}
    for key, value in pairs:
        known = model.model_fields.get(key)
        if known is None or isinstance(value, CorpusFile) is not takes_files(known):
            continue
        if isinstance(value, CorpusFile):
            values.setdefault(key, []).extend([value] if value.name else [])  # none chosen comes without a name
        elif not isinstance(value, str):
            continue
        elif _many(known):
            values.setdefault(key, []).extend([value] if value else [])
        elif value.strip() or known.annotation is str:
            values[key] = value
    return values


def read_form(model: type[Form], values: Mapping[str, Any]) -> tuple[Form, str | None]:
    """The form, and a sentence if a field cannot be; such a field then has its default."""
    try:
        return model.model_validate(dict(values)), None
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
        kept = {key: value for key, value in values.items() if key not in wrong}
        try:
            return model.model_validate(kept if wrong else {}), form_complaint(model, error)
        except ValidationError:
            return model.model_validate({}), form_complaint(model, error)


def form_complaint(model: type[BaseModel], error: ValidationError) -> str:
    """The first thing that a form model refuses, under the field's title."""

    def title(name: str) -> str:
        field = name.partition(".")[0]
        known = model.model_fields.get(field)
        return (known.title if known else None) or field.replace("_", " ").capitalize()

    return complaint(error, title)


def takes_files(known: FieldInfo) -> bool:
    """Whether a field holds uploaded files."""
    return CorpusFile in get_args(known.annotation)


def _many(known: FieldInfo) -> bool:
    return get_origin(known.annotation) in (list, tuple)
