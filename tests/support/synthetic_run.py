"""A complete finished run of any size, made up in seconds: rows, summary and every array of the contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.ids import new_id
from app.contracts.jobs import ScanSettings, ScanSpec
from app.contracts.results import LanguageSummary, MapCard, ModelCard, Parity, RunSummary
from app.db.arrays import ArrayStore
from app.db.tables import Corpus, Job, Model, Run, Sentence
from tests.support import synthetic_arrays as made
from tests.support.synthetic_text import Cutter, lines

MOMENT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Ids:
    """The rows a made-up run is made of."""

    run: str
    model: str
    corpus: str
    job: str


def write_synthetic_run(
    session: Session,
    *,
    layers: int = 8,
    neurons: int = 96,
    hidden: int = 32,
    languages: Sequence[str] = ("ja", "ar", "hi", "th"),
    pivot: str = "en",
    sentences_per_language: int = 40,
    detail: int = 12,
    scores_only: bool = False,
    seed: int = 1,
    name: str = "Made-up run",
) -> str:
    """Store a finished run and return its id.

    `detail` neurons per language and type get details. `scores_only` writes no texts, states or maps: only the arrays
    of the neuron table, for sizes where the rest would take long.
    """
    spoken, split = (pivot, *languages), max(1, round(layers * 0.625))
    plan = made.Plan(layers, neurons, hidden, spoken, sentences_per_language, split, seed)
    ids = Ids(new_id(), new_id(), new_id(), new_id())
    _write_rows(session, plan, ids, name, scores_only)
    store = ArrayStore(session)
    scores: dict[str, np.ndarray] = {}
    for key, array in made.score_arrays(plan):
        store.put(ids.run, key, array)
        if key.startswith("score/") and detail and not scores_only:
            scores[key] = array
    if not scores_only:
        _write_texts(session, store, plan, ids, scores, detail)
    session.flush()
    return ids.run


def _write_texts(
    session: Session, store: ArrayStore, plan: made.Plan, ids: Ids, scores: dict[str, np.ndarray], detail: int
) -> None:
    cutter, tokens = Cutter(plan.seed), {}
    for language in plan.languages:
        rows = [
            Sentence(corpus_id=ids.corpus, language=language, number=i, group=str(i), source=f"{language}.txt:{i + 1}",
                     text=text, flags=[])
            for i, text in enumerate(lines(language, plan.sentences))
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        tokens[language] = [cutter.tokens(row.text) for row in rows]
        numbers = np.array([row.id for row in rows], np.int64)
        store.put(ids.run, names.SENTENCES.format(language=language), numbers)
        every = np.arange(plan.sentences, dtype=np.int32)
        if language != plan.languages[0]:
            store.put(ids.run, names.PAIRS.format(language=language), np.stack([every, every], axis=1))
    vocabulary = cutter.vocabulary()
    for key, array in made.token_arrays(plan, tokens, vocabulary):
        store.put(ids.run, key, array)
    sentence_ids = {language: store.get(ids.run, names.SENTENCES.format(language=language)) for language in tokens}
    for key, array in made.state_arrays(plan):
        store.put(ids.run, key, array)
    spoken, group = store.get(ids.run, names.MAP_LANGUAGE), store.get(ids.run, names.MAP_GROUP)
    order = [sentence_ids[plan.languages[k]][i] for k, i in zip(spoken, group, strict=True)]
    store.put(ids.run, names.MAP_SENTENCE, np.array(order, np.int64))
    lengths = {language: np.array([len(one) for one in cut]) for language, cut in tokens.items()}
    for key, array in made.detail_arrays(plan, scores, lengths, detail, len(vocabulary.pieces)):
        store.put(ids.run, key, array)


def _write_rows(session: Session, plan: made.Plan, ids: Ids, name: str, scores_only: bool) -> None:
    card, pivot, languages = _card(plan), plan.languages[0], plan.languages[1:]
    spec = ScanSpec(
        run_id=ids.run, model_id=ids.model, corpus_id=ids.corpus, languages=languages, pivot=pivot,
        settings=ScanSettings(max_sentences=max(2, plan.sentences)),
    )  # fmt: skip
    summary = RunSummary(
        layers=plan.layers, neurons=plan.neurons, hidden_size=plan.hidden, split=plan.split,
        languages=tuple(
            LanguageSummary(language=language, sentences=plan.sentences, pairs=plan.sentences if k else 0,
                            tokens=plan.sentences * 14)
            for k, language in enumerate(plan.languages)
        ),
        card=card, corpus_hash=f"{ids.corpus:0<64}", seconds=93.5, versions=card.versions,
        maps={} if scores_only else _map_cards(plan), warnings=("This run is made up; its numbers mean nothing.",),
    )  # fmt: skip
    session.add_all([
        Model(id=ids.model, name="made-up/babel-tiny", source="made-up/babel-tiny", revision="0" * 40,
              status="complete", error=None, card=card.model_dump(mode="json"), created=MOMENT),
        Corpus(id=ids.corpus, name="Made-up lines", format="tsv", pivot=pivot, languages=list(plan.languages),
               content_hash=f"{ids.corpus:0<64}", report=_report(plan, ids), created=MOMENT),
        Job(id=ids.job, kind="scan", title=f"Scan: {name}", subject=ids.run, spec=spec.model_dump(mode="json"),
            status="complete", stage="complete", done=1, total=1, interactive=False, estimate=90.0, error=None,
            event_seq=0, created=MOMENT, started=MOMENT, finished=MOMENT),
    ])  # fmt: skip
    session.flush()
    session.add(
        Run(id=ids.run, name=name, model_id=ids.model, corpus_id=ids.corpus, job_id=ids.job, status="complete",
            spec=spec.model_dump(mode="json"), summary=summary.model_dump(mode="json"), error=None,
            created=MOMENT, started=MOMENT, finished=MOMENT)
    )  # fmt: skip
    session.flush()


def _report(plan: made.Plan, ids: Ids) -> dict[str, object]:
    """As app.text.corpora reports a corpus read without complaints."""
    return {
        "sentences": dict.fromkeys(plan.languages, plan.sentences), "groups": plan.sentences,
        "complete_groups": plan.sentences, "duplicates": {}, "flagged": {}, "dropped": {}, "examples": [],
        "warnings": [], "content_hash": f"{ids.corpus:0<64}",
    }  # fmt: skip


def _card(plan: made.Plan) -> ModelCard:
    return ModelCard(
        architecture="llama", layers=plan.layers, neurons=plan.neurons, hidden_size=plan.hidden, vocabulary=2048,
        parameters=3 * plan.layers * plan.neurons * plan.hidden, context=512, dtype="float32", device="cpu",
        revision="0" * 40, weight_hash="a" * 64, tokenizer_hash="b" * 64, tokens_per_second=5200.0,
        versions={"torch": "2.13.0", "transformers": "5.23.0"},
        parity=Parity(passed=True, max_delta_logit=0.0, residue=3.1e-7, worst_layer=0, allowed=1e-5),
    )  # fmt: skip


def _map_cards(plan: made.Plan) -> dict[str, MapCard]:
    points = plan.sentences * len(plan.languages)
    trust = tuple(0.8 + 0.1 * level / plan.levels for level in range(plan.levels))
    return {
        method: MapCard(
            method=method, title=title, params=params, points=points, levels=plan.levels, trustworthiness=trust,
            bounds=(-10.0, -10.0, 10.0, 10.0), explained=(0.31, 0.14) if method == "pca" else (), seed=plan.seed,
        )
        for method, title, params in (("pca", "PCA", {}), ("umap", "UMAP", {"n_neighbors": 15, "min_dist": 0.1}))
    }  # fmt: skip
