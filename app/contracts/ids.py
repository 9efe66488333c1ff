"""How things are named: neurons, and the ids of rows."""

import re
import secrets
from dataclasses import dataclass

from app.errors import BadInput

_NEURON = re.compile(r"^\s*[Ll]?(\d{1,4})\s*[·./:\sNn]\s*(\d{1,7})\s*$")


@dataclass(frozen=True, order=True)
class NeuronId:
    """One input column of a layer's down projection; layers and neurons count from 0."""

    layer: int
    index: int

    def __str__(self) -> str:
        return f"L{self.layer}·{self.index}"

    @classmethod
    def parse(cls, text: str) -> "NeuronId":
        """Read `L18·4021`, `L18N4021`, `18/4021` or `18.4021`; anything else raises BadInput."""
        found = _NEURON.match(text)
        if found is None:
            raise BadInput(f"“{text[:40]}” is not a neuron. Write layer and neuron as L18·4021, 18/4021 or 18.4021.")
        return cls(int(found[1]), int(found[2]))


def new_id() -> str:
    """A fresh row id: 12 characters from a 32-letter alphabet (60 random bits), safe in addresses."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "".join(secrets.choice(alphabet) for _ in range(12))
