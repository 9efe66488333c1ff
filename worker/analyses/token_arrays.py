"""What the pages need of the tokens: ids of every sentence, and the exact bytes of the vocabulary."""

from typing import Any

import numpy as np
import torch
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.db.arrays import ArrayStore
from app.jobs.analysis import Commit, Context
from worker.analyses import parts, shards
from worker.analyses.opened import scanned_model
from worker.model.vocabulary import token_bytes
from worker.numerics.vocabulary import language_makeup, token_language_posterior


def collect_tokens(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """Join the shards' token ids, count truncated sentences, and store the vocabulary once."""
    model = scanned_model(context, spec)
    pieces = token_bytes(model)

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        counts = []
        for language in spec.all_languages:
            ids = shards.gathered(session, spec, language, shards.SHARD_IDS)
            lengths = shards.gathered(session, spec, language, shards.SHARD_COUNTS)
            truncated = shards.gathered(session, spec, language, shards.TRUNCATED)
            store.put(spec.run_id, names.TOKENS.format(language=language), lengths)
            store.put(spec.run_id, names.TOKEN_IDS.format(language=language), ids)
            store.put(spec.run_id, names.TOKEN_OFFSETS.format(language=language), _offsets(lengths))
            store.put(spec.run_id, parts.TRUNCATED.format(language=language), truncated.sum(keepdims=True))
            counts.append(np.bincount(ids, minlength=model.vocabulary)[: model.vocabulary])
        posterior = token_language_posterior(torch.from_numpy(np.stack(counts)))
        everything = language_makeup(torch.arange(len(posterior))[None], posterior)
        store.put(spec.run_id, names.MAKEUP_BASE, everything[0].numpy())
        store.put(spec.run_id, names.VOCABULARY_BYTES, np.frombuffer(b"".join(pieces), dtype=np.uint8))
        store.put(spec.run_id, names.VOCABULARY_OFFSETS, _offsets(np.array([len(piece) for piece in pieces])))
        return {"vocabulary": len(pieces)}

    return commit


def _offsets(lengths: np.ndarray[Any, np.dtype[Any]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
