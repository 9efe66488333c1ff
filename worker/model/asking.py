"""One prompt under several conditions at once: each row of a batch has its own changed neurons, and all else alike."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from app.contracts.interventions import Positions, Sampling
from app.errors import BadInput, TooLong
from worker.model.batches import frame
from worker.model.edits import RowEdits, span_of
from worker.model.generation import Writing
from worker.model.language_model import LanguageModel


def prompt_tokens(model: LanguageModel, prompt: str, room: int) -> list[int]:
    """The prompt as the tokenizer cuts it, without EOS. Raises TooLong for one with less `room` behind it."""
    _, behind = frame(model.tokenizer)
    ids: list[int] = model.tokenizer(prompt)["input_ids"]
    ids = ids[: len(ids) - behind]
    if not ids:
        raise BadInput(f"The prompt “{prompt[:40]}” has no tokens.")
    check_room(model, prompt, ids, room)
    return ids


def check_room(model: LanguageModel, prompt: str, ids: Sequence[int], room: int) -> None:
    """Raises TooLong for a prompt that leaves less `room` in the model's context."""
    if len(ids) + room > model.context:
        raise TooLong(
            f"The prompt “{prompt[:40]}…” has {len(ids):,} tokens; with {room:,} to come that is more than the "
            f"{model.context:,} the model can read."
        )


def continue_greedily(
    model: LanguageModel,
    prompt: Sequence[int],
    edits: RowEdits,
    positions: Positions,
    new_tokens: int,
    enough: Callable[[str], bool] | None = None,
) -> list[str]:
    """What each row goes on with, at most `new_tokens` tokens, up to EOS or until `enough` says so of its text.

    Raises BadInput when the device's memory does not hold the batch.
    """
    rows, sampling = range(edits.rows), Sampling(max_new_tokens=new_tokens)
    writing = Writing(model, [prompt] * edits.rows, edits, positions, sampling, [0] * edits.rows)
    texts: list[str | None] = [None for _ in rows]  # of the rows that are enough
    for _ in writing.steps():
        if enough is None:
            continue
        for row in rows:
            if texts[row] is None and enough(text := _text(model, writing.tokens[row])):
                texts[row] = text
        if all(text is not None or stop is not None for text, stop in zip(texts, writing.stops, strict=True)):
            break
    return [_text(model, tokens) if text is None else text for text, tokens in zip(texts, writing.tokens, strict=True)]


@torch.no_grad()
def continuation_logprobs(
    model: LanguageModel,
    prompt: str,
    continuations: Sequence[str],
    edits: RowEdits,
    positions: Positions,
) -> Float[Tensor, "row continuation"]:
    """Log probability in nats of each continuation behind the prompt, summed over its tokens, in every row.

    Prompt and continuation are cut into tokens together; what the prompt alone does not have belongs to the
    continuation. Tokens of the continuation count as generated ones. Raises BadInput for one without a token.
    """
    start = len(prompt_tokens(model, prompt, 1))
    found = torch.empty(edits.rows, len(continuations), dtype=torch.float64)
    for column, continuation in enumerate(continuations):
        ids = prompt_tokens(model, prompt + continuation, 0)
        if len(ids) <= start:
            raise BadInput(f"“{continuation[:40]}” adds no token to the prompt “{prompt[-40:]}”.")
        batch = torch.tensor([ids[:-1]] * edits.rows, device=model.device)
        with edits.over_text([span_of(positions, start, len(ids) - 1)] * edits.rows):
            logits = model.network(input_ids=batch, use_cache=False).logits[:, start - 1 :].float()
        wanted = torch.tensor(ids[start:], device=model.device).expand(edits.rows, -1)
        logs = torch.log_softmax(logits, dim=-1).gather(-1, wanted[..., None])[..., 0]
        found[:, column] = logs.double().sum(dim=-1).cpu()
    return found


def _text(model: LanguageModel, ids: Sequence[int]) -> str:
    return str(model.tokenizer.decode(list(ids), skip_special_tokens=True))
