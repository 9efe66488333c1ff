import pytest

from app.text.plural import counted, plural


@pytest.mark.parametrize(("value", "noun"), [(0, "neurons"), (1, "neuron"), (2, "neurons")])
def test_only_one_is_singular(value: int, noun: str):
    assert plural(value, "neuron") == noun


def test_a_number_stands_with_its_word():
    assert counted(1, "neuron was", "neurons were") == "1 neuron was"
    assert counted(1206, "neuron was", "neurons were") == "1,206 neurons were"
    assert counted(0, "pass", "passes") == "0 passes"
