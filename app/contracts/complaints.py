"""What a contract refuses, in the product's own words."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

# What pydantic says of a value, by its type of error; it fills in the bounds.
_WORDS = {
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
    "string_too_long": "has more than {max_length} characters",
    "string_too_short": "has fewer than {min_length} characters",
    "string_type": "must be a text",
    "missing": "is missing",
    "extra_forbidden": "is no field that is known here",
}


def words(refused: Mapping[str, Any]) -> str:
    """What is wrong with one value, as the end of a sentence: `must be a whole number`."""
    known = _WORDS.get(refused["type"])
    if known is not None:
        return known.format_map(refused.get("ctx", {}))
    message = str(refused["msg"]).removeprefix("Value error, ").removesuffix(".")
    return message[:1].lower() + message[1:]


def complaint(error: ValidationError, title: Callable[[str], str] = str) -> str:
    """The first thing that is refused, as a sentence under what `title` calls its field."""
    first = error.errors()[0]
    called, said = title(".".join(str(part) for part in first["loc"])), words(first)
    return f"{called}: {said}." if called else f"{said[:1].upper()}{said[1:]}."
