"""The last step of a sweep: stored outputs and losses become one line a language and condition."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy.orm import Session
from torch import Tensor

from app.contracts.sweeps import Arm, Asked, DoseSpec, Line, Measured, PromptsSpec, SweepResult, Written
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.tables import Experiment
from app.errors import BadInput, NotFound
from app.jobs.analysis import Commit, Context
from worker.analyses.opened import card_words, open_model
from worker.analyses.sweep_conditions import Condition, SweepSpec, conditions, in_words
from worker.model.language_model import LanguageModel
from worker.numerics.measures import Measure, mean_per_token, rate

ASKED = "part/asked/{language}/{start}"  # uint8: JSON of a block's outputs
REACHED = "part/reached/{language}/{start}"  # int64 [conditions] neurons really changed
LOSSES = "part/losses/{language}"  # float64 [conditions, 2, sentences] sums of nats, tokens
SEED = 42  # of the bootstrap
Key = tuple[Arm, int, str]  # arm, dose, whose neurons
Mark = Callable[[Written], bool | None]


def conclude(context: Context, spec: SweepSpec, piece: dict[str, Any]) -> Commit:
    """Put everything into one result. Raises BadInput if not one neuron was reached."""
    model = open_model(context, spec.model_id, spec.dtype)
    asked, reached = _stored(context, spec)
    if asked and not reached:
        raise BadInput(
            "No neuron was reached: no activation changed in any prompt. Choose other positions, or another set."
        )
    left_out = len(spec.prompts) - len(asked) if isinstance(spec, PromptsSpec) else 0
    if left_out and not asked:
        raise BadInput(f"Not one of {left_out:,} prompts fits in the {model.context:,} tokens the model can read.")
    lines = tuple(_list_lines(asked) if isinstance(spec, PromptsSpec) else _corpus_lines(context, model, spec, asked))
    doses = sorted({line.dose for line in lines}) if isinstance(spec, DoseSpec) else []

    def commit(session: Session) -> dict[str, Any]:
        row = session.get(Experiment, spec.experiment_id)
        if row is None:
            raise NotFound("The experiment was deleted while it ran.")
        result = SweepResult(
            lines=lines,
            asked=tuple(asked),
            edit=in_words(spec),
            reached=reached,
            doses=tuple(doses),
            left_out=left_out,
            clipped=isinstance(spec, DoseSpec) and max(spec.doses) > max(doses, default=0),
            seconds=(utc_now() - (row.started or row.created)).total_seconds(),
            provenance=card_words(model),
        )
        row.result = result.model_dump(mode="json")
        ArrayStore(session).delete(spec.experiment_id, "part/")
        return {}

    return commit


def _stored(context: Context, spec: SweepSpec) -> tuple[list[Asked], int]:
    """All blocks in their order, and the most neurons that were reached under one condition."""
    with context.session() as session:
        store, owner = ArrayStore(session), spec.experiment_id
        names = sorted(store.names(owner, "part/asked/"), key=_place(spec))
        blocks = [json.loads(store.get(owner, name).tobytes()) for name in names]
        counts = [store.get(owner, name.replace("/asked/", "/reached/")) for name in names]
    reached = max((int(count.max()) for count in counts if count.size), default=0)
    return [Asked.model_validate(one) for block in blocks for one in block], reached


def _place(spec: SweepSpec) -> Callable[[str], tuple[int, int]]:
    order = [] if isinstance(spec, PromptsSpec) else list(spec.languages)

    def key(name: str) -> tuple[int, int]:
        _, _, language, start = name.split("/")
        return (order.index(language) if language in order else 0, int(start))

    return key


# --- lines -----------------------------------------------------------------------------------------------------------
def _list_lines(asked: Sequence[Asked]) -> list[Line]:
    """All prompts together, then by target where there are several."""
    targets = list(dict.fromkeys(one.target or "" for one in asked))
    groups = [("", list(asked))]
    if len(targets) > 1:
        groups += [(target, [one for one in asked if (one.target or "") == target]) for target in targets if target]
    return [line for target, group in groups for line in _rates(target, group).values()]


def _corpus_lines(context: Context, model: LanguageModel, spec: SweepSpec, asked: Sequence[Asked]) -> list[Line]:
    if isinstance(spec, PromptsSpec):
        return []
    found = []
    for language in spec.languages:
        every = conditions(context, model, spec, language)
        rates = _rates(language, [one for one in asked if one.target == language])
        losses = _losses(context, spec, language)
        for key in dict.fromkeys(_key(one) for one in every):
            line = rates.get(key) or Line(language=language, arm=key[0], dose=key[1], ablated=key[2], outputs=0)
            found.append(line if losses is None else line.model_copy(update=_nats(every, key, losses)))
    return found


def _key(one: Condition | Written) -> Key:
    return one.arm, one.dose, one.ablated


def _rates(language: str, asked: Sequence[Asked]) -> dict[Key, Line]:
    """Rates of every condition over prompts, draws together."""
    keys = dict.fromkeys(_key(one) for prompt in asked for one in prompt.outputs)
    found = {}
    for key in keys:
        outputs = [[one for one in prompt.outputs if _key(one) == key] for prompt in asked]
        flat = [one for row in outputs for one in row]
        found[key] = Line(
            language=language,
            arm=key[0],
            dose=key[1],
            ablated=key[2],
            outputs=len(flat),
            undetermined=sum(one.in_target is None for one in flat),
            language_rate=_measured(rate(marks(outputs, lambda one: one.in_target), SEED)),
            line_pass_rate=_measured(rate(marks(outputs, lambda one: one.line_pass), SEED)),
            word_pass_rate=_measured(rate(marks(outputs, lambda one: one.word_pass), SEED)),
        )
    return found


def marks(outputs: Sequence[Sequence[Written]], mark: Mark) -> Tensor:
    """[draws, prompts] 1, 0, or nan for what is not judged."""
    rows = [[math.nan if (value := mark(one)) is None else float(value) for one in row] for row in outputs]
    return torch.tensor(rows, dtype=torch.float64).T


def _losses(context: Context, spec: SweepSpec, language: str) -> NDArray[np.float64] | None:
    with context.session() as session:
        store, name = ArrayStore(session), LOSSES.format(language=language)
        return store.get(spec.experiment_id, name) if store.entry(spec.experiment_id, name) else None


def _nats(every: Sequence[Condition], key: Key, losses: NDArray[np.float64]) -> dict[str, Measured | None]:
    """Mean nats per token of a condition over its draws, and how far from the normal ones."""
    rows = [place for place, one in enumerate(every) if _key(one) == key]
    sums, tokens = torch.from_numpy(losses[rows, 0]), torch.from_numpy(losses[0, 1].copy())
    change = sums - torch.from_numpy(losses[0, 0].copy())
    return {
        "nats": _measured(mean_per_token(sums, tokens, SEED)),
        "change": None if key[0] == "normal" else _measured(mean_per_token(change, tokens, SEED)),
    }


def _measured(found: Measure | None) -> Measured | None:
    if found is None:
        return None
    value, low, high, count = found
    known = math.isfinite(low)
    return Measured(value=value, low=low if known else None, high=high if known else None, n=count)
