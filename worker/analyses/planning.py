"""How stages are cut into pieces, and how a piece that reads sentences tells how far it is."""

from collections.abc import Callable
from typing import Any, Protocol

from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.jobs.analysis import Context


class Blocked(Protocol):
    """The spec of an experiment that reads a run's languages in blocks of sentences."""

    @property
    def experiment_id(self) -> str:
        """Under which its arrays are stored."""
        ...

    @property
    def run_id(self) -> str:
        """The run whose languages are read."""
        ...

    @property
    def block_sentences(self) -> int:
        """Sentences of a block."""
        ...


def plan_once(context: Context, spec: Any) -> list[dict[str, Any]]:
    """A single piece."""
    return [{}]


def blocks_of_languages(context: Context, spec: Blocked, rows: str) -> list[dict[str, Any]]:
    """Blocks of each language's sentences, as many as the experiment's array `rows` of the language is long."""
    step = spec.block_sentences
    with context.session() as session:
        store, languages = ArrayStore(session), finished_run(session, spec.run_id).spec.all_languages
        long = {language: len(store.get(spec.experiment_id, rows.format(language=language))) for language in languages}
    return [
        {"language": language, "block": start // step, "start": start, "stop": min(start + step, count)}
        for language, count in long.items()
        for start in range(0, count, step)
    ]


def each_batch(context: Context) -> Callable[[int, int], None]:
    """What `read_sentences` calls after every batch: it can be cancelled there, and tells its progress."""

    def on_batch(done: int, total: int) -> None:
        context.check()
        context.progress(done / max(total, 1))

    return on_batch
