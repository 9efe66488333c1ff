"""Tasks of lm-evaluation-harness under every condition: a piece is one task under one condition."""

import logging
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.contracts.evaluations import METRICS, Answer, EvaluateResult, Item
from app.contracts.harness import HarnessSpec
from app.db.tables import EvaluationItem
from app.errors import BadInput, Unavailable
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_experiment
from app.text.verdicts import judge
from worker.analyses.conditions import Condition, chosen_neurons, conditions, in_words
from worker.analyses.evaluate_table import store_result, table_cells
from worker.analyses.opened import card_words, open_model
from worker.analyses.planning import plan_once
from worker.model.edits import alike
from worker.model.language_model import LanguageModel

log = logging.getLogger(__name__)

PIECE = "piece\t"  # parts of stored pieces, until the table is put together
INVALID = "[invalid]"  # what the harness's filters say when they find no answer


def plan_tasks(context: Context, spec: HarnessSpec) -> list[dict[str, Any]]:
    """Every task under every condition."""
    names = [condition.name for condition in _conditions(context, spec)[1]]
    return [{"task": task, "condition": name} for task in spec.tasks for name in names]


def _conditions(context: Context, spec: HarnessSpec) -> tuple[LanguageModel, list[Condition]]:
    model = open_model(context, spec.model_id, spec.dtype)
    return model, conditions(context, model, spec, spec.language or "")


def run_task(context: Context, spec: HarnessSpec, piece: dict[str, Any]) -> Commit:
    """One task under one condition. Raises Unavailable without the harness, BadInput for a task it does not know."""
    task, name = piece["task"], piece["condition"]
    model, every = _conditions(context, spec)
    condition = next(one for one in every if one.name == name)
    context.check()
    found = evaluated(context, spec, model, condition, task)
    documents = {part: list(_documents(samples)) for part, samples in found["samples"].items()}
    reported = {
        part: {key: float(value) for key, value in numbers.items() if "," in key and isinstance(value, int | float)}
        for part, numbers in found["results"].items()
    }
    data = {"task": task, "condition": name, "documents": documents, "reported": reported}

    def commit(session: Session) -> dict[str, Any]:
        session.merge(
            EvaluationItem(experiment_id=spec.experiment_id, part=f"{PIECE}{task}\t{name}"[:160], number=0, data=data)
        )
        return {"documents": sum(map(len, documents.values()))}

    return commit


def evaluated(
    context: Context, spec: HarnessSpec, model: LanguageModel, condition: Condition, task: str
) -> dict[str, Any]:
    """What the harness answers: `results` by task, `samples` by task. Raises Unavailable, BadInput."""
    try:
        from lm_eval import simple_evaluate
        from lm_eval.tasks import TaskManager

        from worker.model.harness import ChangedLM
    except ImportError as missing:
        raise Unavailable(
            "lm-evaluation-harness is not installed on this worker: pip install 'babelscope[evaluation]' there."
        ) from missing
    folder = context.settings.task_root
    manager = context.cache.get("harness tasks")
    if manager is None:
        manager = context.cache["harness tasks"] = TaskManager(include_path=None if folder is None else str(folder))
    if not manager.match_tasks([task]):
        raise BadInput(f"lm-evaluation-harness knows no task “{task}”. `lm_eval ls tasks` lists those there are.")
    new_value = alike(model, condition.neurons, condition.make)
    lm = ChangedLM(model, condition.neurons, spec.intervention.positions, new_value, spec.batch_size)
    cache = context.settings.scratch(spec.experiment_id)
    cache.mkdir(parents=True, exist_ok=True)
    try:
        found: dict[str, Any] | None = simple_evaluate(
            model=lm, tasks=[task], task_manager=manager, num_fewshot=spec.shots, limit=spec.limit, log_samples=True,
            bootstrap_iters=0, random_seed=spec.seed, numpy_random_seed=spec.seed, torch_random_seed=spec.seed,
            fewshot_random_seed=spec.seed, use_cache=str(cache / f"{task}-{condition.name}".replace(" ", "-")),
        )  # fmt: skip
    except (OSError, ConnectionError) as away:
        raise BadInput(
            f"The data of the task “{task}” could not be read ({type(away).__name__}: {str(away)[:200]}). "
            "Without a hub, use a task file whose data_files are on this machine (TASK_ROOT)."
        ) from away
    if found is None:
        raise BadInput(f"The harness gave no result for “{task}”.")
    return found


def _documents(samples: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One entry a document and filter, with what the table and the page need."""
    for sample in samples:
        arguments, filtered = list(sample["arguments"]), list(sample["filtered_resps"])
        scores = {name: sample[name] for name in sample["metrics"]}
        yield {
            "id": int(sample["doc_id"]),
            "filter": sample["filter"],
            "prompt": str(arguments[0][0]) if arguments else "",
            "choices": [str(argument[1]) for argument in arguments] if len(arguments) > 1 else [],
            "target": str(sample["target"]),
            "written": _texts(sample["resps"]),
            "filtered": [one if isinstance(one, str) else None for one in filtered],
            "logprobs": [float(one[0]) for one in filtered if isinstance(one, list | tuple)],
            "scores": {name: float(value) for name, value in scores.items() if _is_number(value)},
        }


def _texts(responses: list[Any]) -> list[str]:
    return [one[0] for one in responses if one and isinstance(one[0], str)]


def _is_number(value: object) -> bool:
    try:
        return float(value) == float(value)  # type: ignore[arg-type]  # numpy's numbers are numbers, too
    except (TypeError, ValueError):
        return False


def tabulate(context: Context, spec: HarnessSpec, piece: dict[str, Any]) -> Commit:
    """Pieces of all conditions into questions with all their answers, and these into the table."""
    model, every = _conditions(context, spec)
    with context.session() as session:
        stored = {
            (task, one.name): session.get_one(
                EvaluationItem, (spec.experiment_id, f"{PIECE}{task}\t{one.name}"[:160], 0)
            ).data
            for task in spec.tasks
            for one in every
        }
    items: dict[str, list[Item]] = {}
    reported: dict[str, dict[str, dict[str, float]]] = {}
    for task in spec.tasks:
        pieces = {one.name: stored[task, one.name] for one in every}
        for part in pieces[every[0].name]["documents"]:
            items[part] = list(_items(spec, {name: data["documents"][part] for name, data in pieces.items()}))
        for name, data in pieces.items():
            for part, numbers in data["reported"].items():
                reported.setdefault(part, {})[name] = numbers
    neurons = chosen_neurons(context, model, spec, spec.language or "")
    metrics = tuple(
        dict.fromkeys(name for found in items.values() for item in found for name in item.answers[0].scores)
    )
    result = EvaluateResult(
        parts=tuple(items),
        metrics=tuple(sorted(metrics, key=lambda name: name in METRICS)),
        draws=len(every) - 2 if len(every) > 2 else 0,
        cells=tuple(cell for part, found in items.items() for cell in table_cells(part, found, metrics, spec.seed)),
        words={} if neurons is None else {"*": in_words(neurons, spec.intervention)},
        reported=reported,
        provenance=card_words(model),
    )
    write = store_result(spec.experiment_id, result)

    def commit(session: Session) -> dict[str, Any]:
        mine = EvaluationItem.experiment_id == spec.experiment_id
        session.execute(delete(EvaluationItem).where(mine, EvaluationItem.part.startswith(PIECE)))
        for part, found in items.items():
            for number, item in enumerate(found):
                data = item.model_dump(mode="json")
                session.merge(
                    EvaluationItem(experiment_id=spec.experiment_id, part=part[:160], number=number, data=data)
                )
        shutil.rmtree(context.settings.scratch(spec.experiment_id), ignore_errors=True)  # all its answers are stored
        return write(session)

    return commit


def _items(spec: HarnessSpec, by_condition: Mapping[str, list[dict[str, Any]]]) -> Iterator[Item]:
    """A document of a task under all conditions; the filters of a document are metrics of their own."""
    merged: dict[int, dict[str, list[dict[str, Any]]]] = {}
    for name, documents in by_condition.items():
        for document in documents:
            merged.setdefault(document["id"], {}).setdefault(name, []).append(document)
    for number, found in sorted(merged.items()):
        first = next(iter(found.values()))[0]
        yield Item(
            key=str(number),
            kind="",
            source=f"document {number}",
            question=first["prompt"][-2000:],
            prompt=first["prompt"],
            golds=(_gold(first),),
            choices=tuple(first["choices"]),
            answers=tuple(_answer(spec, name, documents) for name, documents in found.items()),
        )


def _gold(document: dict[str, Any]) -> str:
    target, choices = str(document["target"]), document["choices"]
    return str(choices[int(target)]).strip() if choices and target.isdigit() and int(target) < len(choices) else target


def _answer(spec: HarnessSpec, name: str, documents: list[dict[str, Any]]) -> Answer:
    scores: dict[str, float] = {}
    trace = []
    for one in documents:
        label = one["filter"]
        scores.update({key if label == "none" else f"{key},{label}": value for key, value in one["scores"].items()})
        trace += [f"filter {label}: {text}" for text in one["filtered"] if text is not None]
    last = documents[-1]
    written = last["written"][0] if last["written"] else ""
    language = None
    if last["written"]:
        verdict = judge(written, target=spec.language)
        language = verdict.whole.language
        taken = last["filtered"][0] if last["filtered"] else None
        scores["unparsed"] = float(not taken or taken == INVALID)
        scores["wrong_language"] = float(verdict.in_target is False)
    logs = tuple(last["logprobs"])
    chosen = (
        last["choices"][max(range(len(logs)), key=logs.__getitem__)] if len(logs) == len(last["choices"]) > 0 else None
    )
    return Answer(
        condition=name,
        text=written,
        answer=chosen.strip() if chosen else (last["filtered"][0] if last["filtered"] else None),
        trace=tuple(trace),
        language=language,
        logprobs=logs,
        scores=scores,
    )


HARNESS = Analysis(
    kind="harness",
    stages=(
        Stage("task", "Running tasks", plan_tasks, run_task),
        Stage("table", "Putting the table together", plan_once, tabulate),
    ),
    settle=settle_experiment,
)
