"""Which languages are related: lines of descent, families for forms, and how a person writes them down."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from app.errors import BadInput
from app.text.languages import canonical

Families = dict[str, tuple[str, ...]]
NAME_LENGTH = 80
BRANCHES = (
    "Germanic",
    "Romance",
    "Balto-Slavic",
    "Indo-Aryan",
    "Iranian",
    "Celtic",
    "Semitic",
    "Sinitic",
    "Narrow Bantu",
)


@lru_cache(maxsize=1)
def _lineages() -> Mapping[str, tuple[str, ...]]:
    text = files("app.text").joinpath("data/lineages.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {code: tuple(line.split(" > ")) for code, line in rows}


def lineage(code: str) -> tuple[str, ...]:
    """The line of descent of a language, from its family down (Glottolog); empty for one that is not in the table."""
    known = _lineages()
    tag = canonical(code)
    return known.get(tag) or known.get(tag.split("-")[0], ())


def family_of(code: str) -> str:
    """The branch of a wide family where there is a usual one (Germanic), else the family (Koreanic); or `other`."""
    line = lineage(code)
    return next((name for name in line if name in BRANCHES), line[0] if line else "other")


def families_of(codes: Sequence[str]) -> Families:
    """The languages by family, families in the order of their first language."""
    found: dict[str, list[str]] = {}
    for code in codes:
        found.setdefault(family_of(code), []).append(code)
    return {name: tuple(members) for name, members in found.items()}


def written(families: Mapping[str, Sequence[str]]) -> str:
    """Families as a person edits them: a line each, `Germanic: en nl`."""
    return "\n".join(f"{name}: {' '.join(members)}" for name, members in families.items())


def read_families(text: str, codes: Sequence[str]) -> Families:
    """The families of a text of such lines; a language may be in none, and none in two.

    Raises BadInput naming the line and what is wrong with it.
    """
    found: Families = {}
    seen: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, members = (part.strip() for part in line.partition(":"))
        if not colon or not name or not members:
            raise BadInput(f"Line {number} of the families: write a name, a colon and languages, as “Germanic: en nl”.")
        if name in found or len(name) > NAME_LENGTH:
            raise BadInput(f"Line {number} of the families: “{name[:40]}” is there already, or too long.")
        listed = tuple(members.replace(",", " ").split())
        for code in listed:
            if code not in codes:
                raise BadInput(
                    f"Line {number} of the families: this run has no “{code[:20]}”; it has {' '.join(codes)}."
                )
            if code in seen:
                raise BadInput(f"Line {number} of the families: {code} is in {seen[code]} already.")
            seen[code] = name
        found[name] = listed
    return found


def kinship(first: str, second: str) -> int:
    """How many branches two languages have in common, from the family down; 0 for unrelated ones."""
    common = 0
    for one, other in zip(lineage(first), lineage(second), strict=False):
        if one != other:
            break
        common += 1
    return common
