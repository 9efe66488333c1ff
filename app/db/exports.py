"""A finished run as files: every score as Parquet, the layer metrics as Parquet, everything else as JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.results import RunSummary
from app.db.arrays import ArrayStore
from app.db.runs import finished_run

SCORE_SCHEMA = pa.schema(
    [
        ("layer", pa.int32()),
        ("neuron", pa.int32()),
        ("language", pa.string()),
        ("type", pa.int8()),
        ("candidate", pa.bool_()),
        ("score", pa.float32()),
        ("score_sd", pa.float32()),
        ("score_loo", pa.float32()),
        ("score_contrast", pa.float32()),
        ("eta2", pa.float32()),
        ("p_active", pa.float32()),
        ("mean_activation", pa.float32()),
        ("sd_activation", pa.float32()),
    ]
)


def score_tables(session: Session, run_id: str) -> Iterator[pa.Table]:
    """One table a language and type: a row per neuron, layers from 0; languages as given."""
    run = finished_run(session, run_id)
    for language in run.spec.languages:
        for kind in (1, 2):
            yield score_table(session, run_id, language, kind, run.summary)


def score_table(session: Session, run_id: str, language: str, kind: int, summary: RunSummary) -> pa.Table:
    """All neurons of one language and type (1 or 2), ordered by layer and neuron."""
    store = ArrayStore(session)

    def read(name: str) -> np.ndarray[Any, np.dtype[Any]]:
        return np.ravel(store.get(run_id, name.format(type=kind, language=language)))

    size = summary.layers * summary.neurons
    layer = np.repeat(np.arange(summary.layers, dtype=np.int32), summary.neurons)
    candidate = layer < summary.split if kind == 1 else layer >= summary.split
    columns = [
        layer,
        np.tile(np.arange(summary.neurons, dtype=np.int32), summary.layers),
        pa.array([language]).take(pa.array(np.zeros(size, dtype=np.int32))),
        np.full(size, kind, dtype=np.int8),
        candidate,
        read(names.SCORE),
        read(names.SCORE_SD),
        read(names.SCORE_LOO),
        read(names.SCORE_CONTRAST),
        read(names.ETA2),
        read(names.ACTIVATION_POSITIVE),
        read(names.ACTIVATION_MEAN),
        read(names.ACTIVATION_SD),
    ]
    return pa.table([pa.array(column) for column in columns], schema=SCORE_SCHEMA)


def layer_table(session: Session, run_id: str) -> pa.Table:
    """One row a level and language: alignment with the pivot, dimension, and the accuracy of telling languages apart.

    Level 0 is the embedding (layer -1), level l + 1 the output of layer l.
    """
    run = finished_run(session, run_id)
    store = ArrayStore(session)
    levels = run.summary.layers + 1
    accuracy = store.get(run_id, names.LANGUAGE_ACCURACY)
    tables = []
    for language in run.spec.languages:
        columns: dict[str, Any] = {
            "level": np.arange(levels, dtype=np.int32),
            "layer": np.arange(-1, levels - 1, dtype=np.int32),
            "language": [language] * levels,
        }
        for metric in names.LAYER_METRICS:
            columns[metric] = store.get(run_id, names.LAYER_METRIC.format(metric=metric, language=language))
        columns["language_accuracy"] = accuracy
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def run_document(session: Session, run_id: str) -> dict[str, Any]:
    """Everything needed to repeat the run and to read its files."""
    run = finished_run(session, run_id)
    model, corpus = run.model, run.corpus
    return {
        "run": {"id": run.id, "name": run.name, "created": run.row.created.isoformat()},
        "model": {"name": model.name, "source": model.source, "revision": model.revision},
        "corpus": {
            "name": corpus.name,
            "format": corpus.format,
            "hash": corpus.content_hash,
            "report": corpus.report,
        },
        "spec": run.spec.model_dump(mode="json"),
        "summary": run.summary.model_dump(mode="json"),
        "columns": {"layer": "counts from 0", "neuron": "counts from 0", "type": "1 or 2", "level": "0 = embedding"},
    }


def write_run(session: Session, run_id: str, folder: Path) -> list[Path]:
    """Write scores.parquet, layers.parquet and run.json into the folder, which is made; returns the paths."""
    finished_run(session, run_id)  # before the folder is made: an unknown run leaves nothing behind
    folder.mkdir(parents=True, exist_ok=True)
    scores, layers, document = folder / "scores.parquet", folder / "layers.parquet", folder / "run.json"
    with pq.ParquetWriter(scores, SCORE_SCHEMA, compression="zstd") as writer:
        for table in score_tables(session, run_id):
            writer.write_table(table)
    pq.write_table(layer_table(session, run_id), layers, compression="zstd")
    document.write_text(json.dumps(run_document(session, run_id), ensure_ascii=False, indent=2) + "\n", "utf-8")
    return [scores, layers, document]
