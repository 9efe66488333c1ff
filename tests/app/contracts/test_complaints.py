from typing import Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from app.contracts.complaints import complaint


class Asked(BaseModel, extra="forbid"):
    count: int = Field(1, ge=1, le=9)
    share: float = Field(0.5, gt=0, lt=1, allow_inf_nan=False)
    place: Literal["first", "last"] = "last"
    name: str = Field("", max_length=3)

    @field_validator("name")
    @classmethod
    def known(cls, name: str) -> str:
        if name == "no":
            raise ValueError("Nobody is called no.")
        return name


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("count", "many", "count: must be a whole number."),
        ("count", 2.5, "count: must be a whole number."),
        ("count", 0, "count: must be at least 1."),
        ("count", 10, "count: must be at most 9."),
        ("share", "half", "share: must be a number."),
        ("share", "nan", "share: must be a finite number."),
        ("share", 0, "share: must be more than 0.0."),
        ("place", "middle", "place: must be 'first' or 'last'."),
        ("name", "long", "name: has more than 3 characters."),
        ("name", "no", "name: nobody is called no."),
        ("other", 1, "other: is no field that is known here."),
    ],
)
def test_what_is_refused_is_said_in_plain_words(field: str, value: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Asked.model_validate({field: value})
    assert complaint(refused.value) == sentence


def test_a_field_is_called_as_the_form_calls_it() -> None:
    with pytest.raises(ValidationError) as refused:
        Asked.model_validate({"count": 0})
    assert complaint(refused.value, {"count": "How many"}.__getitem__) == "How many: must be at least 1."
