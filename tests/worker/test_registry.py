"""Registering, finding and announcing methods."""

import pytest
from pydantic import Field
from torch import Tensor

import worker.numerics
from app.errors import BadInput, NotFound
from worker.registry import INTERVENTIONS, PROJECTIONS, SCORERS, Params, Registry, catalogue


class Power(Params):
    """To what power."""

    exponent: int = Field(2, ge=1, description="How often.")


@pytest.fixture
def registry() -> Registry[[float], float]:
    """One method that takes a number to a power."""
    registry: Registry[[float], float] = Registry("calculation")

    @registry("power", title="Power", params=Power)
    def power(params: Power, number: float) -> float:
        return float(number**params.exponent)

    return registry


def test_a_method_runs_with_checked_parameters(registry: Registry[[float], float]) -> None:
    method = registry["power"]
    assert method.run(method.parse({}), 3.0) == 9
    assert method.run(method.parse({"exponent": 3}), 2.0) == 8


@pytest.mark.parametrize(("values", "named"), [({"exponent": 0}, "exponent"), ({"base": 1}, "base")])
def test_a_wrong_parameter_is_named(registry: Registry[[float], float], values: dict[str, object], named: str) -> None:
    with pytest.raises(BadInput, match=f"Power: {named}: "):
        registry["power"].parse(values)


def test_an_unknown_name_is_answered_with_the_nearest(registry: Registry[[float], float]) -> None:
    with pytest.raises(NotFound, match=r"no calculation called powr\. Did you mean power\?"):
        registry["powr"]
    with pytest.raises(NotFound, match=r"There are: power\."):
        registry["logarithm"]


def test_parameters_of_another_method_are_refused(registry: Registry[[float], float]) -> None:
    with pytest.raises(TypeError, match="takes Power"):
        registry["power"].run(Params(), 1.0)


def test_a_name_is_given_once(registry: Registry[[float], float]) -> None:
    with pytest.raises(ValueError, match="two calculations called power"):

        @registry("power", title="Power again", params=Params)
        def power(params: Params, number: float) -> float:
            return number


def test_the_card_carries_the_schema_a_form_is_drawn_from(registry: Registry[[float], float]) -> None:
    card = registry["power"].card()
    assert (card.kind, card.name, card.title) == ("calculation", "power", "Power")
    assert card.parameters["properties"] == {
        "exponent": {"default": 2, "description": "How often.", "minimum": 1, "title": "Exponent", "type": "integer"}
    }


def test_the_catalogue_holds_every_method_of_every_module_that_registers_one() -> None:
    assert worker.numerics.METHODS
    registered = {(card.kind, card.name) for card in catalogue()}
    named = {("intervention", "zero"), ("projection", "pca"), ("projection", "umap"), ("scorer", "cosine_gain")}
    assert named <= registered
    assert len(registered) == sum(1 for kind in (SCORERS, INTERVENTIONS, PROJECTIONS) for _ in kind)


def test_every_parameter_of_every_method_has_a_description_and_a_default() -> None:
    for card in catalogue():
        properties = card.parameters.get("properties")
        assert isinstance(properties, dict)
        for name, schema in properties.items():
            assert {"default", "description"} <= set(schema), f"{card.name}: {name}"


def test_the_kinds_take_tensors() -> None:
    def keep(params: Params, activations: Tensor) -> Tensor:
        return activations

    register = Registry[[Tensor], Tensor]("intervention")
    assert register("keep", title="Keep", params=Params)(keep) is keep
