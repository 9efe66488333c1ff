"""Listing, renaming, deleting and exporting sets; reading uploaded ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db.arrays import ArrayStore
from app.db.sets import NAME_LENGTH, StoredSet, find_set, list_sets, sets_of_model
from app.db.tables import ExperimentSet, Model, NeuronSet, Run
from app.errors import BadInput, Conflict
from app.sets.forms import ImportForm
from app.sets.making import Wish, find_model, from_list, imported_origin, save
from app.sets.tensors import Part, is_tensor_file, read_tensors
from app.text.corpora import CorpusFile
from app.text.languages import canonical
from app.text.neuron_lists import read_neurons
from app.text.plural import counted


@dataclass(frozen=True, slots=True)
class SetLine:
    """A set in a list: its row, its model's name, how many experiments use it."""

    row: NeuronSet
    model: Model
    uses: int


def list_lines(session: Session, model_id: str = "") -> list[SetLine]:
    """The newest version of every set, or of a model's, newest first."""
    rows = sets_of_model(session, model_id) if model_id else list_sets(session)
    uses = _uses(session)
    models = {model.id: model for model in session.scalars(select(Model))}
    return [SetLine(row, models[row.model_id], uses.get(row.id, 0)) for row in rows]


def _uses(session: Session) -> dict[str, int]:
    query = select(ExperimentSet.set_id, func.count()).group_by(ExperimentSet.set_id)
    return dict(session.execute(query).all())


def inspected_models(session: Session) -> list[Model]:
    """Models whose layers are known, newest first."""
    rows = session.scalars(select(Model).order_by(Model.created.desc(), Model.id))
    return [row for row in rows if row.card is not None]


def finished_runs(session: Session) -> list[Run]:
    """Runs with numbers, newest first."""
    query = select(Run).where(Run.status == "complete").order_by(Run.created.desc(), Run.id)
    return list(session.scalars(query))


def rename(session: Session, set_id: str, name: str) -> NeuronSet:
    """Call a set something else. Raises NotFound, BadInput for no name, Conflict once an experiment uses it."""
    found, wanted = find_set(session, set_id), name.strip()
    if not 0 < len(wanted) <= NAME_LENGTH:
        raise BadInput(f"A set's name has 1 to {NAME_LENGTH} characters; this one has {len(wanted):,}.")
    _refuse_used(session, found, "be renamed")
    found.row.name = wanted
    return found.row


def delete(session: Session, set_id: str) -> None:
    """Delete one version of a set. Raises NotFound, Conflict once an experiment uses it."""
    found = find_set(session, set_id)
    _refuse_used(session, found, "be deleted")
    ArrayStore(session).delete(found.id, "")
    session.delete(found.row)


def _refuse_used(session: Session, found: StoredSet, what: str) -> None:
    uses = session.scalar(select(func.count()).where(ExperimentSet.set_id == found.id)) or 0
    if uses:
        noun = counted(uses, "experiment uses", "experiments use")
        raise Conflict(f"{noun} “{found.title}”, so it cannot {what}: what was measured must stay readable.")


def import_file(session: Session, files: Sequence[CorpusFile], form: ImportForm, now: datetime) -> list[NeuronSet]:
    """Store the sets of one uploaded file: one, or one a language.

    Raises BadInput with place, NotFound for the model, TooLarge, Unavailable.
    """
    if len(files) != 1:
        raise BadInput("Choose the file with the neurons: JSON, CSV, lines such as L18·4021, .pth or .pkl.")
    model, file = find_model(session, form.model), files[0]
    parts = _parts(file, form)
    stem = file.name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if form.after and len(parts) > 1:
        raise BadInput("The next version of a set is one list; say which language to take.")
    rows = []
    for part in parts:
        neurons = from_list(model, part.found)
        tail = f" · {part.language}" if part.language and len(parts) > 1 else ""
        name = f"{form.name.strip()}{tail}" if form.name.strip() else ""
        origin = imported_origin(file.name, part.found, part.language)
        rows.append(save(session, model, neurons, origin, Wish(name, form.after, f"{stem}{tail}"), now))
    return rows


def _parts(file: CorpusFile, form: ImportForm) -> list[Part]:
    if not is_tensor_file(file.name, file.data):
        return [Part("", read_neurons(file.data, file.name))]
    parts = read_tensors(file.data, file.name, form.languages)
    if not form.take.strip():
        if not parts:
            raise BadInput(f"{file.name} names no neuron in any language. A set needs one at least.")
        return parts
    wanted = canonical(form.take.strip())
    chosen = [part for part in parts if part.language == wanted]
    if not chosen:
        named = ", ".join(part.language for part in parts if part.language) or "no language"
        raise BadInput(f"{file.name} has no neurons of {wanted}; with the order given it has those of {named}.")
    return chosen
