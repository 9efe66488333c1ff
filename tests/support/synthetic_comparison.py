"""A finished comparison made up in the test: rows, spec and a result with every part of the contract."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from app.comparisons.drawing import shown
from app.contracts.comparisons import (
    Candidate,
    CompareResult,
    CompareSpec,
    Edit,
    Forced,
    ForcedPosition,
    LensRow,
    Metric,
    Output,
    Rate,
    Role,
)  # fmt: skip
from app.contracts.ids import new_id
from app.contracts.interventions import Controls, Intervention, Sampling
from app.contracts.sets import PickedOrigin
from app.contracts.verdicts import LineVerdict, Switch, TextVerdict, Verdict
from app.db.sets import NewSet, store_set
from app.db.tables import Experiment, ExperimentSet, Job, Model, Run

MOMENT = datetime(2026, 11, 3, 10, 15, tzinfo=UTC)

# Prompt, normal, ablated, control: pieces, a token each.
TEXTS: dict[str, tuple[str, list[str], list[str], list[str]]] = {
    "ja": (
        "東京の天気は",
        ["今日", "は", "とても", "良い", "天気", "です", "。", "明日", "は", "雨", "が", "降る", "でしょう", "。"],
        ["今日", "は", "とても", " good", " weather", " today", ".", " Tomorrow", " it", " will", " rain", "."],
        ["今日", "は", "とても", "良い", "天気", "です", "。", "明日", "も", "晴れ", "でしょう", "。"],
    ),
    "ar": (
        "الطقس في القاهرة",
        ["الط", "قس", " اليوم", " مش", "مس", " و", "حار", "،", " وغ", "دا", " سي", "كون", " أب", "رد", "."],
        ["الط", "قس", " اليوم", " is", " sunny", " and", " hot", ",", " and", " tomorrow", " colder", "."],
        ["الط", "قس", " اليوم", " مش", "مس", " و", "جاف", "،", " وغ", "دا", " أك", "ثر", " حر", "ارة", "."],
    ),
    "en": (
        "The weather in <b>Rome</b> \u202eis",
        [" fine", " today", ".\n", "To", "morrow", " <script>", "alert", "(1)", "</script>", " \u202e", "rain", "."],
        [" bello", " oggi", ".\n", "Do", "mani", " piove", "."],
        [" fine", " today", ".\n", "To", "morrow", " snow", "."],
    ),
}


def write_synthetic_comparison(
    session: Session, run_id: str, language: str = "ja", *, samples: int = 1, result: bool = True,
    changes: dict[str, object] | None = None,
) -> str:  # fmt: skip
    """Store a finished comparison on the model of a run; returns its id. `changes` replace fields of the result."""
    run = session.get_one(Run, run_id)
    model = session.get_one(Model, run.model_id)
    three = np.array([[0, 1], [1, 2], [2, 3]], np.int32)
    chosen = store_set(session, model, NewSet("Three neurons", three, PickedOrigin(run_id=run_id)), MOMENT)
    new, job_id = new_id(), new_id()
    spec = CompareSpec(
        experiment_id=new, model_id=model.id, set_id=chosen.id, prompt=TEXTS[language][0], target=language,
        intervention=Intervention(positions="prompt"), controls=Controls(draws=3), lens_run=run_id,
        sampling=Sampling(temperature=0.8 if samples > 1 else 0, samples=samples),
    )  # fmt: skip
    answer = made_result(language, samples).model_copy(update=changes or {})
    session.add(
        Job(id=job_id, kind="compare", title="Compare", subject=new, spec=spec.model_dump(mode="json"),
            status="complete" if result else "running", interactive=True, event_seq=0, created=MOMENT, started=MOMENT,
            finished=MOMENT + timedelta(seconds=3) if result else None)
    )  # fmt: skip
    session.add(
        Experiment(id=new, kind="compare", name=shown(TEXTS[language][0]), model_id=model.id, run_id=run_id,
                   job_id=job_id, spec=spec.model_dump(mode="json"), error=None,
                   status="complete" if result else "running",
                   result=answer.model_dump(mode="json") if result else None, created=MOMENT, started=MOMENT,
                   finished=MOMENT + timedelta(seconds=3) if result else None)
    )  # fmt: skip
    session.flush()
    session.add(ExperimentSet(experiment_id=new, set_id=chosen.id))
    session.flush()
    return new


def made_result(language: str, samples: int = 1) -> CompareResult:
    """A result in a language: one normal and ablated output and three control draws a sample."""
    prompt, normal, ablated, control = TEXTS[language]
    outputs = [
        _output(role, pieces, language, draw, sample)
        for sample in range(samples)
        for role, pieces, draws in (("normal", normal, 1), ("ablated", ablated, 1), ("control", control, 3))
        for draw in range(draws)
    ]
    languages = ("en", "ja", "none")
    return CompareResult(
        prompt_tokens=tuple(range(len(prompt))), prompt_pieces=tuple(prompt), prompt_text=prompt,
        outputs=tuple(outputs), forced=(_forced("ablated", normal, 1.0), _forced("control", normal, 0.05)),
        lens=tuple(_lens(role, languages) for role in ("normal", "ablated", "control")),
        metrics=(
            Metric(name="target_rate", title="Rate of the target language", normal=Rate(value=1.0, n=1),
                   ablated=Rate(value=0.25, n=1), control=Rate(value=0.97, low=0.92, high=1.0, n=3)),
            Metric(name="perplexity", title="Perplexity of the normal text", normal=Rate(value=3.1, n=1),
                   ablated=Rate(value=48.7, n=1), control=Rate(value=3.2, low=3.0, high=49.0, n=3)),
        ),
        control_neurons=(((0, 5), (1, 6), (2, 7)),) * 3, target=language, seconds=2.8, tokens_per_second=183.0,
        provenance={"model": "made-up/babel-tiny", "weight_hash": "a" * 64, "torch": "2.13.0"},
    )  # fmt: skip


def _output(role: str, pieces: list[str], language: str, draw: int, sample: int) -> Output:
    text = "".join(pieces)
    other = role == "ablated"
    whole = Verdict(language="en" if other else language, confidence=0.93, script="Latn", reason="words")
    verdict = TextVerdict(
        whole=whole, lines=(LineVerdict(**whole.model_dump(), start=0, end=len(text)),), line_pass=not other,
        switch=Switch(character=4, token=3, language="en") if other else None,
    )  # fmt: skip
    edit = Edit(words="zeroed 3 neurons in layers 0-2 at 6 prompt positions; generated tokens untouched", asked=3,
                reached=3, prompt_positions=6, generated_positions=0, norm=1.7 if other else 0.4)  # fmt: skip
    return Output(
        role=role, draw=draw, sample=sample, tokens=tuple(hash_of(piece) for piece in pieces), pieces=tuple(pieces),
        text=text, stop="end" if role == "normal" else "length", verdict=verdict,
        edit=None if role == "normal" else edit,
    )  # fmt: skip


def hash_of(piece: str) -> int:
    """A token id for a piece."""
    return int.from_bytes(piece.encode()[:3], "big") % 50_000


def _forced(role: Role, pieces: list[str], strength: float) -> Forced:
    return Forced(role=role, positions=tuple(_position(place, piece, strength) for place, piece in enumerate(pieces)))


def _position(place: int, piece: str, strength: float) -> ForcedPosition:
    kl = strength * (0.01 if place < 3 else 2.5 / (place - 1.5))
    top = tuple(Candidate(token=i, piece=f" w{place}{i}" if i else piece, logprob=-0.2 - 0.7 * i) for i in range(10))
    changed = tuple(Candidate(token=i, piece=f" v{i}" if i != 2 else piece, logprob=-0.3 - 0.5 * i) for i in range(10))
    return ForcedPosition(
        token=0, piece=piece, kl=kl, entropy=1.2 + math.sin(place), entropy_changed=1.5 + kl, logprob=-0.2,
        logprob_changed=-0.2 - kl, top=top, top_changed=changed,
    )  # fmt: skip


def _lens(role: Role, languages: tuple[str, ...]) -> LensRow:
    end = 0.15 if role == "ablated" else 0.8
    shares = tuple(
        (max(0.0, 0.6 - 0.07 * level) if role != "ablated" else 0.5, end * (level / 8) ** 2, 0.1) for level in range(9)
    )
    return LensRow(role=role, languages=languages, shares=shares, entropy=tuple(6.0 - 0.5 * i for i in range(9)))
