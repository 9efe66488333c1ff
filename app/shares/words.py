"""What the shares' pages say: kinds, and provenance as titles and values."""

from collections.abc import Iterator

from app.contracts.provenance import Provenance

KINDS = {
    "run": "Run",
    "figure": "Figure",
    "map": "Map",
    "neurons": "Neuron table",
    "neuron": "Neuron",
    "set": "Neuron set",
    "comparison": "Comparison",
    "experiment": "Experiment",
    "report": "Paper report",
}


def kind_words(kind: str) -> str:
    """The kind of a share as lists name it."""
    return KINDS.get(kind, kind.capitalize())


def provenance_facts(found: Provenance) -> Iterator[tuple[str, str, bool]]:
    """Title, value, and whether it is printed as code; what is not known is left out."""
    rows = (
        ("Model", found.model, True),
        ("Revision", found.revision, True),
        ("Architecture", found.architecture, False),
        ("Weights", found.weight_hash, True),
        ("Tokenizer", found.tokenizer_hash, True),
        ("Numbers", found.dtype, False),
        ("Device", found.device, False),
        ("Corpus", found.corpus, False),
        ("Corpus content", found.corpus_hash, True),
        ("Seed", "" if found.seed is None else str(found.seed), False),
        ("Positions", found.positions, False),
        *((title, value, False) for title, value in found.more.items()),
        ("Versions", ", ".join(f"{name} {number}" for name, number in found.versions.items()), False),
        ("Software", found.software, False),
        ("Made", f"{found.made:%Y-%m-%d %H:%M} UTC" if found.made else "", False),
    )
    return (row for row in rows if row[1])
