"""Writing on from prompts: the rows of a batch token by token, each row with its own neurons changed."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from app.contracts.comparisons import Stop
from app.contracts.interventions import Positions, Sampling
from app.errors import BadInput
from worker.model.edits import RowEdits, span_of
from worker.model.language_model import LanguageModel
from worker.model.thin import FewRows
from worker.numerics.sampling import draws, pick

Prompt = Sequence[int]


@dataclass
class Writing:
    """A batch that is being written; `tokens`, `stops` and `fed` of each row grow while `steps` is followed.

    `fed` counts generated tokens that the model has read: only these can be changed, the last one never is. End
    tokens are not written. Rows of equal `samples` share their random numbers.
    """

    model: LanguageModel
    prompts: Sequence[Prompt]
    edits: RowEdits
    positions: Positions
    sampling: Sampling
    samples: Sequence[int]
    tokens: list[list[int]] = field(default_factory=list)
    stops: list[Stop | None] = field(default_factory=list)
    fed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = [[] for _ in self.prompts]
        self.stops = [None for _ in self.prompts]
        self.fed = [0 for _ in self.prompts]
        self._ends = end_tokens(self.model)
        self._draws = draws(self.sampling.seed, self.samples, self.sampling.max_new_tokens)
        longest = max(len(prompt) for prompt in self.prompts)
        self._new = min(self.sampling.max_new_tokens, self.model.context - longest)

    def steps(self) -> Iterator[list[int | None]]:
        """After each step the new token of every row, None for rows that have ended; leaving off stops the writing.

        Raises BadInput when the device's memory does not hold the batch.
        """
        try:
            with torch.no_grad():
                yield from self._steps()
        except torch.OutOfMemoryError as error:
            raise BadInput(
                f"{len(self.prompts)} texts at once do not fit into the memory of {self.model.device}. Ask for fewer "
                "samples, fewer control draws or fewer new tokens."
            ) from error

    def _steps(self) -> Iterator[list[int | None]]:
        ids, mask, spans = self._padded()
        with self.edits.over_text(spans):
            logits, cache = self._forward(ids, mask, None)
        every_token = self.positions in ("generated", "all")
        few = FewRows(self.model.network, len(self.prompts), self.model.device)
        for step in range(self._new):
            chosen = pick(logits, self.sampling.temperature, self.sampling.top_p, self._draws[:, step])
            new = [self._take(row, token) for row, token in enumerate(chosen.tolist())]
            yield new
            if all(stop is not None for stop in self.stops) or step == self._new - 1:
                break
            mask = None if mask is None else torch.cat([mask, mask.new_ones(len(new), 1)], dim=1)
            for row, stop in enumerate(self.stops):
                self.fed[row] += stop is None
            with few.quick(), self.edits.over_tokens() if every_token else nullcontext():
                logits, cache = self._forward(chosen[:, None], mask, cache)
        cut: Stop = "length" if self._new == self.sampling.max_new_tokens else "context"
        self.stops = [stop or cut for stop in self.stops]

    def _take(self, row: int, token: int) -> int | None:
        if self.stops[row] is not None:
            return None
        if token in self._ends:
            self.stops[row] = "end"
            return None
        self.tokens[row].append(token)
        return token

    def _padded(self) -> tuple[Int[Tensor, "b t"], Int[Tensor, "b t"] | None, list[tuple[int, int]]]:
        """Prompts padded on the left, the mask (None where nothing is padded), and where each row is changed."""
        length = max(len(prompt) for prompt in self.prompts)
        ids = torch.zeros(len(self.prompts), length, dtype=torch.long)
        mask = torch.zeros_like(ids)
        spans = []
        for row, prompt in enumerate(self.prompts):
            front = length - len(prompt)
            ids[row, front:] = torch.tensor(list(prompt))
            mask[row, front:] = 1
            start, stop = span_of(self.positions, len(prompt), len(prompt))
            spans.append((start + front, stop + front))
        device = self.model.device
        return ids.to(device), None if bool(mask.all()) else mask.to(device), spans

    def _forward(
        self, ids: Int[Tensor, "b t"], mask: Int[Tensor, "b all"] | None, cache: Any
    ) -> tuple[Float[Tensor, "b vocabulary"], Any]:
        """The logits behind the last token, float32, and the cache."""
        inputs: dict[str, Any] = {"input_ids": ids, "past_key_values": cache, "use_cache": True}
        if mask is not None:
            places = (mask.cumsum(dim=1) - 1).clamp_(min=0)
            inputs |= {"attention_mask": mask, "position_ids": places[:, -ids.shape[1] :]}
        out = self.model.network(**inputs, logits_to_keep=1)
        return out.logits[:, -1].float(), out.past_key_values


def end_tokens(model: LanguageModel) -> frozenset[int]:
    """Tokens that end a text: the generation configuration's, else the tokenizer's."""
    stated = getattr(model.network.generation_config, "eos_token_id", None)
    stated = model.tokenizer.eos_token_id if stated is None else stated
    return frozenset(stated if isinstance(stated, list) else [] if stated is None else [stated])
