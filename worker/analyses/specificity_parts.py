"""What the stages of a specificity experiment share: temporary arrays, labels, and whose neurons are measured."""

from dataclasses import dataclass

from app.contracts import arrays as names
from app.contracts import specificity as contract
from app.contracts.specificity import SpecificitySpec
from app.db.runs import FinishedRun

CHOSEN = names.PART + "chosen/{language}"  # int64 [n] ids of sentences
ACTIVATIONS = names.PART + "activations/{language}/{block:04d}/{layer}"  # float32 [n, F]
LAYER = names.PART + "layer/{metric}/{layer}"  # float32 [labels, F]
TOPS = names.PART + "tops/{layer}"  # float64 [owners, tops, two labels, 6, 1 + resamples]


@dataclass(frozen=True)
class Owner:
    """A language's neurons of one type, and the numbers of the labels they are held against: language, family."""

    type: int
    language: str
    labels: tuple[int, int]


def labels_of(spec: SpecificitySpec, run: FinishedRun) -> list[tuple[str, tuple[int, ...]]]:
    """Every label with the numbers of its languages; a family of all languages, or of none, tells nothing apart."""
    codes = run.spec.all_languages
    found: list[tuple[str, tuple[int, ...]]] = [(code, (number,)) for number, code in enumerate(codes)]
    for name, members in spec.families.items():
        numbers = tuple(codes.index(code) for code in members if code in codes)
        if 0 < len(numbers) < len(codes):
            found.append((contract.FAMILY_LABEL.format(name=name), numbers))
    return found


def owners_of(spec: SpecificitySpec, run: FinishedRun) -> list[Owner]:
    """Type-1 of every language, then Type-2; without a family the language stands for it."""
    labels = labels_of(spec, run)
    found = []
    for kind in (1, 2):
        for language in run.spec.languages:
            number = run.spec.all_languages.index(language)
            families = (k for k, (name, numbers) in enumerate(labels) if "/" in name and number in numbers)
            found.append(Owner(kind, language, (number, next(families, number))))
    return found
