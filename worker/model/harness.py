"""lm-evaluation-harness on our model: its own HF class, with neurons changed inside the forward passes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Int
from lm_eval.models.huggingface import HFLM
from torch import Tensor

from app.contracts.interventions import Positions
from worker.model.hooks import NewValue, change
from worker.model.language_model import LanguageModel

Request = tuple[tuple[str, str], list[int], list[int]]  # texts, tokens of the context, tokens of the continuation


class ChangedLM(HFLM):  # type: ignore[misc]  # the library has no types
    """HFLM with `neurons` (by layer; none: exactly HFLM) given `new_value` (zero) at `positions`.

    In a ranking the context is the prompt and the continuation counts as generated; padding is never changed.
    """

    def __init__(
        self,
        model: LanguageModel,
        neurons: Mapping[int, Int[Tensor, "n"]],
        positions: Positions,
        new_value: NewValue | None = None,
        batch_size: int = 1,
    ) -> None:
        super().__init__(pretrained=model.network, tokenizer=model.tokenizer, batch_size=batch_size)
        self._read, self._neurons, self._positions = model, neurons, positions
        self._new_value: NewValue = torch.zeros(1) if new_value is None else new_value
        self._context: int | None = None  # tokens of the prompt in the rankings at hand

    def _loglikelihood_tokens(
        self,
        requests: Sequence[Request],
        disable_tqdm: bool = False,  # noqa: FBT001, FBT002 - the library's own
        override_bs: int | None = None,
    ) -> list[tuple[float, bool]]:
        """Requests of one context together: they have the same prompt tokens, so that one mask does for a batch."""
        if not self._neurons:
            plain: list[tuple[float, bool]] = super()._loglikelihood_tokens(requests, disable_tqdm, override_bs)
            return plain
        groups: dict[tuple[int, ...], list[int]] = {}
        for place, (_, context, continuation) in enumerate(requests):
            whole = len(context) + len(continuation)
            cut = max(0, whole - (self.max_length + 1))  # HFLM cuts from the left; then lengths differ within a group
            key = (cut, len(continuation) if cut else 0, *context)
            groups.setdefault(key, []).append(place)
        found: list[tuple[float, bool]] = [(0.0, False)] * len(requests)
        for key, members in groups.items():
            self._context = len(key) - 2 - key[0]
            answers = super()._loglikelihood_tokens([requests[place] for place in members], True, override_bs)
            for place, answer in zip(members, answers, strict=True):
                found[place] = answer
        self._context = None
        return found

    def _model_call(self, inps: Tensor, attn_mask: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        if not self._neurons:
            plain: Tensor = super()._model_call(inps, attn_mask, labels)
            return plain
        prompt = inps.shape[1] if self._context is None else self._context
        real = torch.ones(1, prompt, dtype=torch.bool)
        where = torch.zeros(1, inps.shape[1], dtype=torch.bool)
        where[:, :prompt] = prompt_places(self._positions, real)
        where[:, prompt:] = self._positions in ("generated", "all")
        with change(self._read, self._neurons, self._new_value, where):
            logits: Tensor = super()._model_call(inps, attn_mask, labels)
        return logits

    def _model_generate(self, context: Tensor, max_length: int, stop: list[str], **generation_kwargs: Any) -> Tensor:
        if not self._neurons:
            plain: Tensor = super()._model_generate(context, max_length, stop, **generation_kwargs)
            return plain
        mask = generation_kwargs.get("attention_mask")
        real = torch.ones_like(context, dtype=torch.bool) if mask is None else mask.bool()
        with self._while_generating(real):
            written: Tensor = super()._model_generate(context, max_length, stop, **generation_kwargs)
        return written

    @contextmanager
    def _while_generating(self, real: Bool[Tensor, "b t"]) -> Iterator[None]:
        """The first pass reads the prompt, every later one a generated token."""
        at_prompt = prompt_places(self._positions, real)
        later = self._positions in ("generated", "all")
        passes = 0

        def counted(*_: object) -> None:
            nonlocal passes
            passes += 1

        def new_value(layer: int, present: Tensor) -> Tensor:
            given = self._new_value
            new = given if isinstance(given, Tensor) else given(layer, present)
            where = at_prompt if passes == 1 else torch.full((1, 1), later)
            return torch.where(where.to(present.device)[..., None], new.to(present), present)

        handle = self._read.network.register_forward_pre_hook(counted)
        try:
            with change(self._read, self._neurons, new_value):
                yield
        finally:
            handle.remove()


def prompt_places(positions: Positions, real: Bool[Tensor, "b t"]) -> Bool[Tensor, "b t"]:
    """Where prompts are changed: `real` says which tokens are no padding, on whichever side that is."""
    place = real.long().cumsum(dim=1)  # 1 for the first token of a prompt
    if positions == "prompt_last":
        return real & (place == real.sum(dim=1, keepdim=True))
    if positions == "prompt_but_first":
        return real & (place > 1)
    return real.clone() if positions in ("prompt", "all") else torch.zeros_like(real)
