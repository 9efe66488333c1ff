"""Every kind of experiment, written out, and where experiments with pages of their own are."""

from collections.abc import Mapping
from types import MappingProxyType

from app.experiments.dose import DOSE
from app.experiments.evaluate import EVALUATE
from app.experiments.families import FAMILIES
from app.experiments.finetune import FINETUNE
from app.experiments.geometry import GEOMETRY
from app.experiments.harness import HARNESS
from app.experiments.kind import Kind
from app.experiments.lens import LENS
from app.experiments.matrix import MATRIX
from app.experiments.prompts import PROMPTS
from app.experiments.specificity import SPECIFICITY

KINDS: tuple[Kind, ...] = (PROMPTS, LENS, DOSE, MATRIX, GEOMETRY, SPECIFICITY, FAMILIES, FINETUNE, EVALUATE, HARNESS)
BY_NAME: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in KINDS})

ELSEWHERE: Mapping[str, tuple[str, str]] = MappingProxyType({"compare": ("Comparison", "/comparisons/")})


def get_kinds() -> Mapping[str, Kind]:
    """The kinds by name; a dependency, so that tests can add one."""
    return BY_NAME


def place_of(kind: str, experiment_id: str) -> str:
    """The address of an experiment."""
    return (ELSEWHERE[kind][1] if kind in ELSEWHERE else "/experiments/") + experiment_id


def title_of(kinds: Mapping[str, Kind], kind: str) -> str:
    """What a kind is called on pages."""
    if kind in kinds:
        return kinds[kind].title
    return ELSEWHERE[kind][0] if kind in ELSEWHERE else kind.replace("_", " ").capitalize()
