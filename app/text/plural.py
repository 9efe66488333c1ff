"""English plurals of what is counted."""


def plural(value: int, one: str, more: str = "") -> str:
    """The word for so many: `one` for 1, else `more`, which is `one` with an s where it is left out."""
    return one if value == 1 else more or f"{one}s"


def counted(value: int, one: str, more: str = "") -> str:
    """A number and its word, as messages have them: `1 neuron`, `1,206 neurons`."""
    return f"{value:,} {plural(value, one, more)}"
