"""The provenance of a run's numbers, and of anything else a worker measured on a model."""

from datetime import datetime

from app import __version__
from app.contracts.provenance import Provenance
from app.contracts.results import ModelCard
from app.db.runs import FinishedRun
from app.db.tables import Model

SOFTWARE = f"Babelscope {__version__}"
READ_AT = {
    "mean": "mean over the tokens of a sentence",
    "last": "last token of a sentence",
    "last_content": "last token of a sentence that is not punctuation",
}


def public_name(model: Model) -> str:
    """The name of a hub model; of a local folder only its last part, for paths tell about their machine."""
    if model.source.startswith(("/", "~", ".")):
        return model.source.rstrip("/").rsplit("/", 1)[-1]
    return model.source


def model_provenance(model: Model, *, made: datetime | None = None) -> Provenance:
    """What the model's card tells; for results that no corpus or run stands behind."""
    found = Provenance(model=public_name(model), revision=model.revision or "", software=SOFTWARE, made=made)
    if model.card is None:
        return found
    card = ModelCard.model_validate(model.card)
    return found.model_copy(update=_of_card(card, model.revision))


def run_provenance(run: FinishedRun) -> Provenance:
    """Model, corpus and settings of a run."""
    settings, summary = run.spec.settings, run.summary
    read = ", ".join(f"{one.language} {one.sentences}" for one in summary.languages)
    return Provenance(
        model=public_name(run.model),
        corpus=run.corpus.name,
        corpus_hash=summary.corpus_hash,
        seed=settings.seed,
        positions=READ_AT[settings.position],
        software=SOFTWARE,
        made=run.row.finished,
        more={"Run": run.id, "Preset": settings.preset, "Sentences read": read},
    ).model_copy(update=_of_card(summary.card, run.model.revision) | {"versions": dict(summary.versions)})


def _of_card(card: ModelCard, revision: str | None) -> dict[str, object]:
    return {
        "revision": card.revision or revision or "",
        "architecture": card.architecture,
        "weight_hash": card.weight_hash,
        "tokenizer_hash": card.tokenizer_hash,
        "dtype": card.dtype,
        "device": card.device,
        "versions": dict(card.versions),
    }
