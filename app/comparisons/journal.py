"""What has been written so far by a comparison that runs, read from its job's event log."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.comparisons.view import ROLES
from app.contracts.comparisons import Role
from app.contracts.streaming import ROWS, TOKEN, StreamRow, StreamRows, StreamTokens
from app.db.tables import Event
from app.jobs.states import STOP


@dataclass
class Text:
    """What one of the three columns shows: the first draw and the first sample of its role."""

    text: str = ""
    tokens: int = 0


@dataclass
class News:
    """What some events have changed: texts added to columns, whether all columns were emptied, whether more is new."""

    added: dict[Role, Text] = field(default_factory=dict)
    emptied: bool = False
    other: bool = False


@dataclass
class Journal:
    """The newest attempt; what earlier ones wrote does not count."""

    attempt: int = 0
    rows: tuple[StreamRow, ...] = ()
    texts: dict[Role, Text] = field(default_factory=lambda: {role: Text() for role in ROLES})
    seq: int = 0
    stopping: bool = False
    note: str = ""

    def take(self, events: Iterable[Event]) -> News:
        """Read on; the events are in order."""
        news = News()
        for event in events:
            self.seq = event.seq
            if event.kind == ROWS:
                self._begin(StreamRows.model_validate(event.data), news)
            elif event.kind == TOKEN:
                self._write(StreamTokens.model_validate(event.data), news)
            else:
                self.stopping = self.stopping or event.kind == STOP
                self.note = str(event.data.get("note", "")) if event.kind == "progress" else self.note
                news.other = True
        return news

    def _begin(self, rows: StreamRows, news: News) -> None:
        if rows.attempt < self.attempt:
            return
        news.emptied = news.emptied or self.attempt > 0
        news.other = True
        news.added.clear()
        self.attempt, self.rows = rows.attempt, rows.rows
        self.texts = {role: Text() for role in ROLES}

    def _write(self, written: StreamTokens, news: News) -> None:
        if written.attempt != self.attempt:
            return  # a worker that did not know yet that it was replaced
        for piece in written.pieces:
            role = self._column(piece.row)
            if role is None:
                continue
            for text in (self.texts[role], news.added.setdefault(role, Text())):
                text.text += piece.text
                text.tokens += piece.tokens

    def _column(self, row: int) -> Role | None:
        if not 0 <= row < len(self.rows):
            return None
        one = self.rows[row]
        return one.role if one.draw == 0 and one.sample == 0 else None
