"""Reading the sentences shard by shard, and finding what the shards hold again, layer by layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session
from torch import Tensor

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.db.arrays import ArrayStore
from app.db.tables import Sentence
from app.errors import NotFound
from app.jobs.analysis import Commit, Context
from worker.analyses.opened import scanned_model
from worker.analyses.planning import each_batch
from worker.model.reading import Readings, read_sentences

SHARD_IDS = "token_ids"
SHARD_COUNTS = "token_counts"
TRUNCATED = "truncated"


def plan_shards(context: Context, spec: ScanSpec) -> list[dict[str, Any]]:
    """The shards in their order: language by language, blocks of `shard_sentences` rows of the reading order."""
    step = spec.settings.shard_sentences
    pieces = []
    with context.session() as session:
        for language in spec.all_languages:
            rows = len(sentence_ids(session, spec.run_id, language))
            for number, start in enumerate(range(0, rows, step)):
                stop = min(start + step, rows)
                pieces.append({"language": language, "shard": number, "start": start, "stop": stop})
    return pieces


def read_shard(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """One forward pass per sentence of the shard; what was read is stored layer by layer."""
    model = scanned_model(context, spec)
    with context.session() as session:
        ids = sentence_ids(session, spec.run_id, piece["language"])[piece["start"] : piece["stop"]]
        texts = texts_of(session, ids)
    settings = spec.settings
    readings = read_sentences(model, texts, settings.position, settings.batch_tokens, each_batch(context))
    prefix = names.SHARD.format(language=piece["language"], shard=piece["shard"])

    def commit(session: Session) -> dict[str, Any]:
        _store(ArrayStore(session), spec.run_id, prefix, readings)
        return {"tokens": int(readings.tokens.sum()), "truncated": len(readings.truncated)}

    return commit


def _store(store: ArrayStore, run_id: str, prefix: str, readings: Readings) -> None:
    for layer in range(readings.stream.shape[1]):
        store.put(run_id, prefix + names.SHARD_STREAM.format(layer=layer), _numpy(readings.stream[:, layer]))
        store.put(run_id, prefix + names.SHARD_ACTIVATIONS.format(layer=layer), _numpy(readings.activations[:, layer]))
    for level in range(readings.states.shape[1]):
        store.put(run_id, prefix + names.SHARD_STATES.format(level=level), _numpy(readings.states[:, level]))
    store.put(run_id, prefix + SHARD_COUNTS, _numpy(readings.tokens))
    ids = [number for sentence in readings.sentences for number in sentence.ids]
    store.put(run_id, prefix + SHARD_IDS, np.array(ids, dtype=np.int32))
    truncated = np.array([sentence.truncated for sentence in readings.sentences], dtype=np.int64)
    store.put(run_id, prefix + TRUNCATED, truncated)


def _numpy(tensor: Tensor) -> NDArray[Any]:
    return tensor.contiguous().cpu().numpy()


def gathered(session: Session, spec: ScanSpec, language: str, name: str) -> NDArray[Any]:
    """One array of all shards of a language, rows in reading order."""
    store = ArrayStore(session)
    rows = len(sentence_ids(session, spec.run_id, language))
    shards = -(-rows // spec.settings.shard_sentences)
    parts = [
        store.get(spec.run_id, names.SHARD.format(language=language, shard=shard) + name) for shard in range(shards)
    ]
    return np.concatenate(parts)


def stored_tensor(session: Session, run_id: str, name: str) -> Tensor:
    """A stored array as a tensor of its own: the store's arrays are read-only, which torch does not know."""
    return torch.tensor(ArrayStore(session).get(run_id, name))


def gathered_tensor(session: Session, spec: ScanSpec, language: str, name: str) -> Tensor:
    """`gathered` as a float32 tensor on the CPU."""
    return torch.from_numpy(gathered(session, spec, language, name))


def sentence_ids(session: Session, run_id: str, language: str) -> NDArray[np.int64]:
    """Ids of the sentences of a language in reading order, [n]."""
    found: NDArray[np.int64] = ArrayStore(session).get(run_id, names.SENTENCES.format(language=language))
    return found


def texts_of(session: Session, ids: Sequence[int] | NDArray[np.int64]) -> list[str]:
    """The texts of these sentences in the order given; NotFound when the corpus lost one."""
    wanted = [int(number) for number in ids]
    found: dict[int, str] = {}
    for start in range(0, len(wanted), 500):
        block = wanted[start : start + 500]
        rows = session.execute(select(Sentence.id, Sentence.text).where(Sentence.id.in_(block)))
        found.update((number, text) for number, text in rows)
    if len(found) < len(set(wanted)):
        raise NotFound("Sentences of this run are no longer stored; the corpus was deleted. Upload it and scan again.")
    return [found[number] for number in wanted]
