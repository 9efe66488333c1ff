"""The texts of a comparison written batch by batch; the first batch is told token by token while it is written."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.contracts.comparisons import Stop
from app.contracts.interventions import Positions, Sampling
from app.contracts.streaming import ROWS, TOKEN, StreamPiece, StreamRow, StreamRows, StreamTokens
from app.jobs.analysis import Context
from worker.analyses.compare_parts import Row
from worker.model.edits import MakeReplace, Neurons, RowEdits, span_of
from worker.model.generation import Writing
from worker.model.language_model import LanguageModel
from worker.model.prompts import Spelling

BATCHED_SECONDS = 0.04  # of tokens put together into one event


@dataclass(frozen=True)
class Written:
    """A text and what was changed while it was written."""

    row: Row
    tokens: tuple[int, ...]
    pieces: tuple[str, ...]
    stop: Stop
    reached: int
    prompt_positions: int
    generated_positions: int


@dataclass
class Teller:
    """Tells the texts of the watched batch: what came within 40 ms in one event."""

    context: Context
    rows: Sequence[Row]
    clock: Callable[[], float] = time.monotonic
    pending: dict[int, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.attempt = self.context.log.count(ROWS) + 1  # after a death another worker begins anew
        rows = tuple(StreamRow(role=row.role, draw=row.draw, sample=row.sample) for row in self.rows)
        self.context.emit(ROWS, StreamRows(attempt=self.attempt, rows=rows).model_dump(mode="json"))
        self.told = self.clock()

    def add(self, row: int, text: str, tokens: int = 1) -> None:
        """A row was given a token."""
        known, count = self.pending.get(row, ("", 0))
        self.pending[row] = known + text, count + tokens

    def tell(self, *, at_once: bool = False) -> None:
        """Write the event if it is time."""
        if self.pending and (at_once or self.clock() - self.told >= BATCHED_SECONDS):
            pieces = tuple(StreamPiece(row=row, text=text, tokens=n) for row, (text, n) in self.pending.items())
            self.context.emit(TOKEN, StreamTokens(attempt=self.attempt, pieces=pieces).model_dump(mode="json"))
            self.pending = {}
            self.told = self.clock()


@dataclass
class Texts:
    """The texts of a batch as they grow, told if there is a teller."""

    spellings: Sequence[Spelling]
    teller: Teller | None
    pieces: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pieces = [[] for _ in self.spellings]

    def add(self, step: Sequence[int | None]) -> int:
        """Take one more token of each row that has not ended; says how many there were."""
        new = [(row, token) for row, token in enumerate(step) if token is not None]
        for row, token in new:
            self.pieces[row].append(self.spellings[row].add(token))
            if self.teller is not None:
                self.teller.add(row, self.pieces[row][-1])
        if self.teller is not None:
            self.teller.tell()
        return len(new)

    def end(self) -> None:
        """No token follows: what is left of each text belongs to its last token."""
        for row, spelling in enumerate(self.spellings):
            left = spelling.end() if self.pieces[row] else ""
            if left:
                self.pieces[row][-1] += left
                if self.teller is not None:
                    self.teller.add(row, left, tokens=0)
        if self.teller is not None:
            self.teller.tell(at_once=True)


@dataclass
class Scribe:
    """Writes batches under one intervention; `stopped` once a user wanted no more."""

    context: Context
    model: LanguageModel
    prompt: tuple[int, ...]
    make: MakeReplace
    positions: Positions
    sampling: Sampling
    neurons: Callable[[Row], Neurons]
    stopped: bool = False
    tokens: int = 0  # written so far, of all rows
    seconds: float = 0.0

    def write(self, rows: Sequence[Row], *, watched: bool, said: Callable[[float], None]) -> list[Written]:
        """Write one batch. Raises Cancelled, BadInput."""
        edits = RowEdits.of(self.model, [self.neurons(row) for row in rows], self.make)
        samples = [row.sample for row in rows]
        writing = Writing(self.model, [self.prompt] * len(rows), edits, self.positions, self.sampling, samples)
        spellings = [Spelling(self.model.tokenizer, self.prompt) for _ in rows]
        texts = Texts(spellings, Teller(self.context, rows) if watched else None)
        began = time.perf_counter()
        for number, step in enumerate(writing.steps()):
            self.tokens += texts.add(step)
            self.context.check()
            said((number + 1) / self.sampling.max_new_tokens)
            if self.context.stop_wanted():
                self.stopped = True
                writing.stops = [stop or "stopped" for stop in writing.stops]
                break
        self.seconds += time.perf_counter() - began
        texts.end()
        return [self._written(place, row, writing, edits, texts.pieces[place]) for place, row in enumerate(rows)]

    def _written(self, place: int, row: Row, writing: Writing, edits: RowEdits, pieces: list[str]) -> Written:
        start, stop = span_of(self.positions, len(self.prompt), len(self.prompt))
        fed = writing.fed[place] if self.positions in ("generated", "all") else 0
        reached = edits.count_reached(place) if stop > start or fed else 0
        return Written(
            row=row,
            tokens=tuple(writing.tokens[place]),
            pieces=tuple(pieces),
            stop=writing.stops[place] or "stopped",
            reached=reached,
            prompt_positions=max(stop - start, 0) if reached else 0,
            generated_positions=fed if reached else 0,
        )
