"""Whole comparisons of a tiny model: what is written, told, measured and refused."""

from pathlib import Path
from typing import Any

import pytest
import torch

from app.contracts.comparisons import CompareResult, CompareSpec
from app.contracts.sets import PickedOrigin
from app.contracts.streaming import ROWS, TOKEN, StreamRows, StreamTokens
from app.db.session import make_engine, make_sessions, utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Model
from app.errors import BadInput
from app.jobs import InlineContext, run_inline
from app.jobs.analysis import Data
from app.settings import Settings
from app.text.verdicts import judge
from tests.conftest import NewDatabase
from tests.support.comparing import PICKED, Place, comparing_place
from tests.support.scans import scan_folder
from tests.support.small_corpus import write_corpus
from tests.worker.tiny_models import make_tiny
from worker.analyses.compare import COMPARE
from worker.model.loading import load


class Log:
    """Keeps what is told; wants a stop once `stop_after` events were."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.events: list[tuple[str, Data]] = []
        self.stop_after = stop_after

    def emit(self, kind: str, data: Data) -> None:
        self.events.append((kind, data))

    def count(self, kind: str) -> int:
        return sum(one == kind for one, _ in self.events)

    def has_stop(self) -> bool:
        return len(self.events) >= self.stop_after


@pytest.fixture(scope="module")
def place(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One model for all tests of this module."""
    sessions = make_sessions(make_engine(new_sqlite()))
    return comparing_place(sessions, tmp_path_factory.mktemp("compare"))


FAST = ("detail_neurons=0",)
CACHE: dict[str, Any] = {}


def compared(place: Place, log: Log | None = None, **changes: object) -> tuple[CompareSpec, CompareResult]:
    spec = place.spec(**changes)
    context = InlineContext(Settings(device="cpu", model_root=Path("/")), place.sessions, lambda *_: None)
    context.cache = CACHE
    context.log = log or Log()
    run_inline(COMPARE, spec, place.sessions, context)
    return spec, place.result(spec.experiment_id)


SHORT = {"max_new_tokens": 6}


def test_everything_a_page_shows_is_there(place: Place) -> None:
    log = Log()
    _, result = compared(place, log, sampling={"max_new_tokens": 12}, controls={"draws": 3}, target="en")
    assert [(one.role, one.draw) for one in result.outputs] == [
        ("normal", 0), ("ablated", 0), ("control", 0), ("control", 1), ("control", 2),
    ]  # fmt: skip
    normal, ablated = result.outputs[:2]
    assert all("".join(one.pieces) == one.text and len(one.pieces) == len(one.tokens) for one in result.outputs)
    assert "".join(result.prompt_pieces).endswith(result.prompt_text)
    assert result.prompt_text == "The cat"
    assert normal.edit is None
    assert ablated.edit is not None
    prompt = len(result.prompt_tokens)
    assert (ablated.edit.asked, ablated.edit.reached) == (4, 4)
    assert ablated.edit.prompt_positions == prompt
    assert ablated.edit.generated_positions == 11
    words = f"zeroed 4 neurons in layers 0–2 at {prompt} prompt positions and 11 generated positions"
    assert ablated.edit.words == words
    assert ablated.edit.norm > 0
    assert [one.role for one in result.forced] == ["ablated", "control"]
    assert [one.token for one in result.forced[0].positions] == list(normal.tokens)
    assert all(one.kl >= 0 and len(one.top) == 10 for one in result.forced[0].positions)
    assert [one.role for one in result.lens] == ["normal", "ablated", "control"]
    assert len(result.lens[0].entropy) == 4
    names = {metric.name: metric for metric in result.metrics}
    assert {"kl", "perplexity", "entropy", "length", "alike"} <= set(names)
    assert names["kl"].normal is None
    control = names["kl"].control
    assert control is not None
    assert (control.n, control.low is not None) == (3, True)
    assert len(result.control_neurons) == 3
    picked = {tuple(one) for one in PICKED.tolist()}
    for draw in result.control_neurons:
        assert sorted(layer for layer, _ in draw) == [0, 0, 1, 2]
        assert not picked & set(draw)
    assert {"weight_hash", "tokenizer_hash", "dtype", "torch", "set_hash", "positions"} <= set(result.provenance)
    assert_told(log, result)


def assert_told(log: Log, result: CompareResult) -> None:
    """The events of the last attempt spell the watched outputs, token by token."""
    kinds = [kind for kind, _ in log.events]
    last = len(kinds) - 1 - kinds[::-1].index(ROWS)
    rows = StreamRows.model_validate(log.events[last][1])
    texts, counts = [""] * len(rows.rows), [0] * len(rows.rows)
    for kind, data in log.events[last + 1 :]:
        assert kind == TOKEN
        written = StreamTokens.model_validate(data)
        assert written.attempt == rows.attempt == kinds.count(ROWS)
        for piece in written.pieces:
            texts[piece.row] += piece.text
            counts[piece.row] += piece.tokens
    by_row = {(one.role, one.draw, one.sample): one for one in result.outputs}
    for row, text, count in zip(rows.rows, texts, counts, strict=True):
        output = by_row[row.role, row.draw, row.sample]
        assert (text, count) == (output.text, len(output.tokens))


def test_the_forced_numbers_are_those_of_the_written_text(place: Place) -> None:
    """What greedy writing chose is the likeliest token of the forced pass, normal and changed alike."""
    _, result = compared(place, sampling={"max_new_tokens": 10}, intervention={"positions": "all"})
    normal, ablated = result.outputs[:2]
    forced = result.forced[0].positions
    assert [one.top[0].token for one in forced] == list(normal.tokens)
    until = ablated.diverges if ablated.diverges is not None else len(forced)
    assert [one.top_changed[0].token for one in forced[: until + 1]] == list(ablated.tokens[: until + 1])
    assert all(abs(one.logprob - one.top[0].logprob) < 1e-5 for one in forced)


def test_samples_share_their_random_numbers(place: Place) -> None:
    """Neurons that are scaled by 1 change nothing: every sample of every role is the same text, samples differ."""
    sampling = {"max_new_tokens": 8, "temperature": 1.0, "top_p": 0.9, "samples": 4, "seed": 5}
    _, result = compared(
        place, sampling=sampling, controls={"draws": 2}, intervention={"name": "scale", "params": {"factor": 1.0}}
    )
    texts = {sample: {one.tokens for one in result.outputs if one.sample == sample} for sample in range(4)}
    assert len(result.outputs) == 16
    assert all(len(found) == 1 for found in texts.values())
    assert len({next(iter(found)) for found in texts.values()}) > 1
    assert all(one.diverges is None for one in result.outputs)
    _, again = compared(place, sampling=sampling, controls={"draws": 0})
    assert {one.tokens for one in again.outputs if one.role == "normal"} == {next(iter(one)) for one in texts.values()}


def test_a_stop_keeps_what_is_written(place: Place) -> None:
    _, result = compared(place, Log(stop_after=1), sampling={"max_new_tokens": 40}, controls={"draws": 3})
    assert result.stopped
    assert {one.stop for one in result.outputs} == {"stopped"}
    assert {len(one.tokens) for one in result.outputs} == {1}
    assert len(result.outputs) == 3


def test_another_attempt_is_told_as_such(place: Place) -> None:
    log = Log()
    log.events = [(ROWS, {}), (TOKEN, {})]  # what a worker that died has left
    _, result = compared(place, log, sampling=SHORT)
    assert_told(log, result)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompt": "  \n"}, "The prompt is empty"),
        ({"prompt": "cat " * 100}, r"tokens; the model's context holds 64"),
        ({"template": "chat"}, "no chat template"),
        ({"intervention": {"name": "scale", "params": {"factor": "much"}}}, "Scale by a factor: factor: "),
        ({"intervention": {"name": "mean"}}, "no run was chosen"),
        ({"controls": {"match": "layer_and_size"}}, "no run was chosen"),
        ({"intervention": {"positions": "generated"}, "sampling": {"max_new_tokens": 1}}, "No neuron was changed"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(place: Place, changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        compared(place, None, **({"sampling": SHORT} | changes))


def test_the_context_ends_a_text(place: Place) -> None:
    _, result = compared(place, prompt="a b c d e f g h i j k l m n", sampling={"max_new_tokens": 500})
    room = 64 - len(result.prompt_tokens)
    ended = [one for one in result.outputs if one.stop != "end"]
    assert {one.stop for one in ended} <= {"context"}
    assert {len(one.tokens) for one in ended} <= {room}
    assert torch.tensor([one.kl for one in result.forced[0].positions]).isfinite().all()


def test_the_languages_of_a_run_tell_related_ones_apart(tmp_path: Path) -> None:
    """Three words of Dutch could be Afrikaans, but in a run of Dutch, English and Japanese they are Dutch."""
    model = make_tiny("llama", tmp_path / "model", max_position_embeddings=128)
    made = scan_folder(model, write_corpus(tmp_path / "corpus"), ("nl", "ja"), "en", "corrected", tmp_path, FAST)
    with made.sessions.begin() as session:
        stored = session.get_one(Model, made.run.model.id)
        stored.card = load(str(model), device="cpu").card().model_dump(mode="json")
        chosen = store_set(session, stored, NewSet("four", PICKED, PickedOrigin()), utc_now())
        place = Place(made.sessions, stored.id, chosen.id)
    CACHE.clear()
    asked: dict[str, Any] = {"prompt": "Het kind is in huis", "sampling": {"max_new_tokens": 12}}
    _, alone = compared(place, **asked)
    _, told = compared(place, **asked, lens_run=made.run_id)
    assert (alone.target, told.target) == (None, "nl")
    assert told.lens[0].languages == ("en", "nl", "ja", "none")
    assert [one.tokens for one in told.outputs] == [one.tokens for one in alone.outputs]
    for one in told.outputs:
        assert one.verdict == judge(one.text, target="nl", pieces=one.pieces, hints=("nl", "en", "ja"))
