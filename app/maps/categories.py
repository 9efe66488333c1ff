"""What the map's colours stand for: languages, families or scripts of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.errors import BadInput
from app.figures.marks import shape_of
from app.figures.scatter import Category
from app.figures.style import colour_class, fonts
from app.text.languages import Language

Colour = Literal["language", "family", "script"]
SCRIPTS = {"Latn": "Latin", "Cyrl": "Cyrillic", "Grek": "Greek", "Arab": "Arabic", "Hebr": "Hebrew", "Jpan": "Japanese",
           "Kore": "Korean", "Hans": "Han, simplified", "Hant": "Han, traditional", "Deva": "Devanagari",
           "Beng": "Bengali", "Taml": "Tamil", "Telu": "Telugu", "Thai": "Thai", "Geor": "Georgian",
           "Armn": "Armenian", "Ethi": "Ethiopic"}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """One entry of the legend: its name in addresses, the languages it stands for, and how it is drawn."""

    key: str
    drawn: Category
    languages: tuple[int, ...]
    language: Language | None


@dataclass(frozen=True)
class Legend:
    """All entries, and the entry of each language [K]."""

    colour: Colour
    keys: tuple[Key, ...]
    of_language: tuple[int, ...]

    def shown(self, language: np.ndarray) -> np.ndarray:
        """Which points, of languages [N], are not greyed out: bool [N]."""
        lit = np.array([self.keys[entry].drawn.shown for entry in self.of_language])
        found: np.ndarray = lit[language]
        return found

    def category(self, language: np.ndarray) -> np.ndarray:
        """The entry of each point [N]."""
        found: np.ndarray = np.array(self.of_language, np.intp)[language]
        return found


def legend(languages: Sequence[Language], counts: Sequence[int], colour: Colour, highlighted: str | None) -> Legend:
    """The legend of a run's languages (pivot first) with `counts` points each.

    `highlighted` names the entries that keep their colour, dots between them; None lights all. Raises BadInput for a
    name that is none.
    """
    names = [_name(language, colour) for language in languages]
    keys = list(dict.fromkeys(names))
    lit = set(keys) if highlighted is None else {part for part in highlighted.split(".") if part}
    if not lit <= set(keys):
        unknown = sorted(lit - set(keys))[0]
        raise BadInput(f"“{unknown[:40]}” is no {colour} of this map. It has: {', '.join(keys)}.")
    of_language = tuple(keys.index(name) for name in names)
    made = []
    for entry, key in enumerate(keys):
        members = tuple(k for k, at in enumerate(of_language) if at == entry)
        first = languages[members[0]]
        drawn = Category(
            name=first.endonym if colour == "language" else _long(key, colour),
            code=first.code if colour == "language" else "",
            css=colour_class(entry, len(keys)),
            shape="circle" if colour == "family" else shape_of(first.script),
            count=int(sum(counts[k] for k in members)),
            fonts=fonts(first.script if colour == "language" else "Latn"),
            shown=key in lit,
        )
        made.append(Key(key, drawn, members, first if colour == "language" else None))
    return Legend(colour, tuple(made), of_language)


def _name(language: Language, colour: Colour) -> str:
    return {"language": language.code, "family": language.family, "script": language.script}[colour]


def _long(key: str, colour: Colour) -> str:
    return SCRIPTS.get(key, key) if colour == "script" else key
