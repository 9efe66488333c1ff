"""Lists of neurons: every format gives the same neurons, and what is wrong is named by line."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BadInput, NeuronListError, TooLarge
from app.text import neuron_lists
from app.text.neuron_lists import NeuronList, read_neurons

PAIRS = [(18, 4021), (3, 7), (18, 5), (0, 0)]
SORTED = [[0, 0], [3, 7], [18, 5], [18, 4021]]
FILES = {
    "pairs": (json.dumps(PAIRS), "json"),
    "objects": (json.dumps([{"layer": a, "neuron": b, "score": 0.5} for a, b in PAIRS]), "json"),
    "names": (json.dumps([f"L{a}·{b}" for a, b in PAIRS]), "json"),
    "under a key": (json.dumps({"name": "x", "neurons": PAIRS}), "json"),
    "table": ("place,layer,neuron,score\n" + "".join(f"1,{a},{b},-0.25\n" for a, b in PAIRS), "csv"),
    "table with tabs": ("Neuron\tLayer\n" + "".join(f"{b}\t{a}\n" for a, b in PAIRS), "csv"),
    "two columns": ("\n".join(f"{a},{b}" for a, b in PAIRS), "csv"),
    "lines": ("# mine\nL18·4021\n\n3/7\r\n18.5\nL0N0\n", "lines"),
    "one line": ("L18·4021, L3·7; L18·5 0/0", "lines"),
    "printed list": (repr(PAIRS), "tuples"),
    "printed list over lines": ("[\n  " + ",\n  ".join(map(str, PAIRS)) + ",\n]\n", "tuples"),
    "printed scores": (repr(dict(zip(PAIRS, [0.5, 1e-05, -2.0, 3], strict=True))), "tuples"),
}


def read(text: str) -> NeuronList:
    return read_neurons(text.encode(), "list.txt")


@pytest.mark.parametrize("kind", FILES)
def test_every_format_gives_the_neurons_in_order_of_model_and_list(kind: str) -> None:
    text, form = FILES[kind]
    found = read(text)
    assert found.format == form
    assert found.neurons.tolist() == SORTED
    assert found.ranked.tolist() == [list(pair) for pair in PAIRS]
    assert found.neurons.dtype == np.int32
    assert found.duplicates == 0
    found.check(19, 4022)


def test_by_layer() -> None:
    assert read('{"18": [4021, 5], "3": [7], "0": [0]}').neurons.tolist() == SORTED


def test_a_mark_of_utf8_at_the_start_is_overlooked() -> None:
    assert read_neurons(b"\xef\xbb\xbflayer,neuron\n1,2\n", "a.csv").neurons.tolist() == [[1, 2]]


def test_duplicates_are_folded_and_counted() -> None:
    found = read("3/7\n1/2\n3/7\n3/7")
    assert (found.neurons.tolist(), found.ranked.tolist(), found.duplicates) == ([[1, 2], [3, 7]], [[3, 7], [1, 2]], 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("L1·2\nL1·x\n3/4\nno\n", "list.txt line 2: “L1·x” is not a neuron. Write layer and neuron as L18·4021"),
        ("L1·2\nL1·x\n3/4\nno\n", "Broken as well, 1 in number: line 4."),
        ("layer,neuron\n1,2\n\n3,-4\n", "list.txt line 4: “-4” is no number of a layer or neuron."),
        ("layer,neuron\n1\n", "list.txt line 2: “” is no number"),
        ("layer,score\n1,2\n", "line 1: two columns must be called layer and neuron, but these are layer, score."),
        ('[[1, 2],\n [3, 4],\n [5, "x"]]', 'list.txt line 3: [5, "x"] is not a neuron.'),
        ('{"neurons": [\n[1, 2],\n{"layer": 3}\n]}', 'list.txt line 3: {"layer": 3} is not a neuron.'),
        ("[[1, 2],\n [3, 4]", "list.txt line 2: this is not JSON (Expecting ',' delimiter)."),
        ("[[1, true]]", "line 1: [1, true] is not a neuron."),
        ('{"a": [1]}', "“a” is no layer with a list of neurons."),
        ('{"1": [1.5]}', "layer 1 lists 1.5, which is no number of a neuron."),
        ('{"neurons": 3}', "“neurons” is no list of neurons."),
        ("[(1, 2),\n(3, 4),\n(5)]", "list.txt line 3: “(5)” is not (layer, neuron), such as (18, 4021)."),
        ("[(1, 2),\n(3, 4", "list.txt line 2: the list does not end; it may be cut off."),
        ("[]", "list.txt names no neuron."),
        ("\n# only this\n", "list.txt names no neuron."),
        ("[" * 100_000, "nested too deeply"),
        ("[[1, " + "9" * 5000 + "]]", "number too long"),
    ],
)
def test_what_is_wrong_is_named_by_line(text: str, sentence: str) -> None:
    with pytest.raises(NeuronListError) as error:
        read(text)
    assert sentence in str(error.value)


def test_bytes_that_are_no_text_are_named_by_line() -> None:
    with pytest.raises(NeuronListError, match="line 2: this is no text"):
        read_neurons(b"1/2\n\x80\x03]", "a.pkl")
    with pytest.raises(NeuronListError, match="UTF-16"):
        read_neurons("1/2".encode("utf-16"), "a.txt")


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neuron_lists, "MOST_BYTES", 10)
    with pytest.raises(TooLarge, match="has 11 bytes"):
        read("1/1\n1/2\n1/3")
    monkeypatch.setattr(neuron_lists, "MOST_BYTES", 100)
    monkeypatch.setattr(neuron_lists, "MOST_NEURONS", 2)
    with pytest.raises(TooLarge, match="names 3 neurons"):
        read("1/1\n1/2\n1/3")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0/0\n18/4864\n", "list.txt line 2: Layer 18 has the neurons 0–4,863; there is no L18·4864."),
        (
            "1/2\n\n24/1\n25/1\n",
            "line 3: The model has the layers 0–23; there is no L24·1. 1 more do not exist either.",
        ),
        ("[[1, 2],\n[3, 5000]]", "list.txt line 2: Layer 3 has the neurons 0–4,863; there is no L3·5000."),
        ('{"1": [5000]}', "list.txt: Layer 1 has the neurons 0–4,863"),
        (
            '{"neurons": [[1, 2]], "shape": {"layers": 32, "neurons": 14336}}',
            "made for a model of 32 layers with 14,336 neurons each, but the chosen model has 24 with 4,864.",
        ),
    ],
)
def test_neurons_that_the_model_does_not_have(text: str, sentence: str) -> None:
    with pytest.raises(BadInput) as error:
        read(text).check(24, 4864)
    assert sentence in str(error.value)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99_999)), min_size=1, max_size=30))
def test_folding_equals_sets(pairs: list[tuple[int, int]]) -> None:
    for text in (json.dumps(pairs), repr(pairs), "\n".join(f"L{a}·{b}" for a, b in pairs)):
        found = read(text)
        assert [tuple(pair) for pair in found.neurons.tolist()] == sorted(set(pairs))
        assert [tuple(pair) for pair in found.ranked.tolist()] == list(dict.fromkeys(pairs))
