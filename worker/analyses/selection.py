"""The first stage of a scan: which sentences are read, in which order, and where they stand on the map."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.db.arrays import ArrayStore
from app.db.tables import Sentence
from app.jobs.analysis import Commit, Context
from worker.analyses.sampling import Line, Sample, choose

MOST_POINTS = 20_000  # of a map; beyond, a random sample that is fair to every language


def select_sentences(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """Choose the sentences of every language and fix the random order of the map's points."""
    with context.session() as session:
        lines = {language: _lines(session, spec.corpus_id, language) for language in spec.all_languages}
    sample = choose(lines, spec)
    points = map_points(sample, spec)

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for language in spec.all_languages:
            store.put(spec.run_id, names.SENTENCES.format(language=language), sample.sentences[language])
            store.put(spec.run_id, names.GROUPS.format(language=language), sample.groups[language])
        for language in spec.languages:
            store.put(spec.run_id, names.PAIRS.format(language=language), sample.pairs[language])
        for name, array in points.items():
            store.put(spec.run_id, name, array)
        return {"sentences": sum(len(found) for found in sample.sentences.values())}

    return commit


def _lines(session: Session, corpus_id: str, language: str) -> list[Line]:
    rows = session.execute(
        select(Sentence.id, Sentence.group, Sentence.text)
        .where(Sentence.corpus_id == corpus_id, Sentence.language == language)
        .order_by(Sentence.number)
    )
    return [Line(number, group, text) for number, group, text in rows]


def map_points(sample: Sample, spec: ScanSpec) -> dict[str, NDArray[Any]]:
    """Language, row, sentence and group of every point, all in one random order: any prefix is a fair sample."""
    languages = spec.all_languages
    sizes = [len(sample.sentences[language]) for language in languages]
    order = np.random.default_rng(spec.settings.seed).permutation(sum(sizes))[:MOST_POINTS]
    return {
        names.MAP_LANGUAGE: np.repeat(np.arange(len(languages), dtype=np.uint8), sizes)[order],
        names.MAP_ROW: np.concatenate([np.arange(size, dtype=np.int32) for size in sizes])[order],
        names.MAP_SENTENCE: np.concatenate([sample.sentences[language] for language in languages])[order],
        names.MAP_GROUP: np.concatenate([sample.groups[language] for language in languages])[order].astype(np.int32),
    }
