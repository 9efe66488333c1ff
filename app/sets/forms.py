"""What the forms of new sets send, blanks and all, and the origins they stand for."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.contracts.complaints import complaint
from app.contracts.sets import Measure, Operation, TopOrigin
from app.errors import BadInput


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


Blank = BeforeValidator(_blank_is_none)
Layer = Annotated[Annotated[int, Field(ge=0, le=9999)] | None, Blank]


class SetForm(BaseModel):
    """What every form of a new set has; unknown keys are ignored, defaults are left out of addresses."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field("", max_length=200)
    after: str = Field("", max_length=40, description="Id of a set; the new one becomes its next version.")


class TopForm(SetForm):
    """The best neurons of a run."""

    run: str = Field("", max_length=40)
    language: str = Field("", max_length=35)
    type: int = Field(1, ge=1, le=2)
    measure: Measure = "score"
    amount: Annotated[Annotated[float, Field(allow_inf_nan=False)] | None, Blank] = None
    unit: Literal["neurons", "percent"] = "neurons"
    first: Layer = None
    last: Layer = None

    def origin(self) -> TopOrigin:
        """The origin it stands for. Raises BadInput with what is wrong."""
        if self.amount is None:
            raise BadInput("Say how many neurons: a number, or a percentage of the candidates.")
        if self.unit == "neurons" and (self.amount < 1 or self.amount != int(self.amount)):
            raise BadInput(f"{self.amount:g} is no number of neurons. A set needs one at least.")
        if self.unit == "percent" and not 0 < self.amount <= 100:
            raise BadInput(f"{self.amount:g} % is no share of the candidates. Choose more than 0 and up to 100 %.")
        try:
            return TopOrigin(
                run_id=self.run, language=self.language, type=1 if self.type == 1 else 2, measure=self.measure,
                count=int(self.amount) if self.unit == "neurons" else None,
                share=self.amount / 100 if self.unit == "percent" else None,
                first_layer=self.first, last_layer=self.last,
            )  # fmt: skip
        except ValidationError as wrong:
            raise BadInput(complaint(wrong)) from None


class PickForm(SetForm):
    """Neurons named by hand; `neurons` are those ticked in a table."""

    run: str = Field("", max_length=40)
    model: str = Field("", max_length=40)
    text: str = Field("", max_length=1_500_000)
    neurons: tuple[Annotated[str, Field(max_length=40)], ...] = Field((), max_length=5000)


class ImportForm(SetForm):
    """A file and which model it is for."""

    model: str = Field("", max_length=40)
    languages: str = Field("", max_length=2000, description="Languages of the file's lists, in their order.")
    take: str = Field("", max_length=35, description="Which of them to take; empty: each as a set of its own.")


class CombineForm(SetForm):
    """Two sets and an operation."""

    left: str = Field("", max_length=40)
    right: str = Field("", max_length=40)
    operation: Operation = "and"
