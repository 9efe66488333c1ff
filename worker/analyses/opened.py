"""The model of a job, loaded once a process and kept while it is asked for."""

from sqlalchemy.orm import Session

from app.contracts.jobs import ScanSpec
from app.db.tables import Model
from app.errors import NotFound
from app.jobs.analysis import Context
from worker.model.hub import Hub
from worker.model.language_model import LanguageModel
from worker.model.loading import Dtype, load

_KEPT = "model"  # key in the process's cache: one model at a time, the next one replaces it


def open_model(context: Context, model_id: str, dtype: Dtype = "auto") -> LanguageModel:
    """The model under this id; loads it, and proves that it is read correctly, unless it was the last one asked for.

    Raises ModelUnavailable, UnsupportedArchitecture or NotFound.
    """
    with context.session() as session:
        row = model_row(session, model_id)
        key = (row.id, row.source, row.revision, dtype)
    kept = context.cache.get(_KEPT)
    if isinstance(kept, tuple) and kept[0] == key and isinstance(kept[1], LanguageModel):
        return kept[1]
    context.cache.pop(_KEPT, None)  # frees the memory before the next model takes it
    settings = context.settings
    model = load(
        row.source,
        revision=row.revision,
        dtype=dtype,
        device=settings.device.split(",")[0],
        root=settings.model_root,
        hub=Hub(token=settings.hf_token.get_secret_value() or None),
    )
    context.cache[_KEPT] = (key, model)
    return model


def scanned_model(context: Context, spec: ScanSpec) -> LanguageModel:
    """The model of a scan in the scan's own number format."""
    return open_model(context, spec.model_id, spec.settings.dtype)


def card_words(model: LanguageModel) -> dict[str, str]:
    """What an answer says of the model it comes from."""
    card = model.card()
    return {
        "architecture": card.architecture,
        "revision": card.revision or "",
        "weight_hash": card.weight_hash,
        "tokenizer_hash": card.tokenizer_hash,
        "dtype": card.dtype,
        "device": card.device,
        **card.versions,
    }


def model_row(session: Session, model_id: str) -> Model:
    """The stored model; NotFound when it was deleted meanwhile."""
    row = session.get(Model, model_id)
    if row is None:
        raise NotFound(f"There is no model {model_id} any more; choose another one.")
    return row
