"""The neurons that a form for a comparison names: a stored set, the best of a run, or a list that was typed."""

import re

import numpy as np

from app.contracts.ids import NeuronId
from app.contracts.results import ModelCard
from app.db.sets import Pairs
from app.errors import BadInput

_SEPARATORS = re.compile(r"[,;\n]+")


def typed_neurons(text: str, card: ModelCard) -> Pairs:
    """The neurons of a list such as `L18·4021, 7/12`, ascending and each once.

    Raises BadInput for an empty list, what is no neuron, and a neuron that the model does not have.
    """
    parts = [part for part in _SEPARATORS.split(text) if part.strip()]
    if not parts:
        raise BadInput("Name at least one neuron, such as L18·4021.")
    found = sorted({NeuronId.parse(part) for part in parts})
    for neuron in found:
        if neuron.layer >= card.layers:
            raise BadInput(f"{neuron}: the model has layers 0–{card.layers - 1}.")
        if neuron.index >= card.neurons:
            raise BadInput(f"{neuron}: layer {neuron.layer} has neurons 0–{card.neurons - 1:,}.")
    return np.array([(neuron.layer, neuron.index) for neuron in found], np.int32)
