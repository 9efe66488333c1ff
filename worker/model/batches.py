"""From texts to batches and back: tokens, padding, and the place in a sentence where the model is read."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from app.contracts.interventions import Positions
from app.contracts.jobs import Position
from app.errors import BadInput
from worker.model.hooks import Reduce
from worker.model.language_model import LanguageModel

_NOT_CONTENT = frozenset("PZC")  # Unicode's punctuation, separators, controls: first letter of the category


@dataclass(frozen=True)
class Sentence:
    """A sentence as the model reads it: `front` tokens the tokenizer puts before it (BOS), none behind it."""

    ids: tuple[int, ...]
    front: int
    last_content: int  # place in `ids` of the last token that is more than punctuation and space
    truncated: bool


@dataclass(frozen=True)
class Batch:
    """Sentences padded on the right to one length; `rows` are their places in the list they came from."""

    rows: list[int]
    sentences: list[Sentence]
    ids: Int[Tensor, "b t"]
    mask: Int[Tensor, "b t"]

    def inputs(self) -> dict[str, Tensor]:
        """What a forward pass takes."""
        positions = torch.arange(self.ids.shape[1], device=self.ids.device)[None]
        return {"input_ids": self.ids, "attention_mask": self.mask, "position_ids": positions}


def frame(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """How many special tokens the tokenizer puts before and behind a text of its own accord."""
    bare, framed = tokenizer("a", add_special_tokens=False)["input_ids"], tokenizer("a")["input_ids"]
    for front in range(len(framed) - len(bare) + 1):
        if framed[front : front + len(bare)] == bare:
            return front, len(framed) - len(bare) - front
    return 0, 0


def tokenise(model: LanguageModel, texts: Sequence[str]) -> list[Sentence]:
    """Cut texts into tokens as the tokenizer does by default, but without EOS, and at most the model's context.

    Raises BadInput naming a text without any token.
    """
    if not texts:
        return []
    tokenizer = model.tokenizer
    front, behind = frame(tokenizer)
    encoded = tokenizer(list(texts), return_offsets_mapping=tokenizer.is_fast, verbose=False)
    offsets = encoded.get("offset_mapping")
    sentences = []
    for row, (text, all_ids) in enumerate(zip(texts, encoded["input_ids"], strict=True)):
        whole = all_ids[: len(all_ids) - behind]
        if len(whole) <= front:
            raise BadInput(f"Sentence {row + 1}, “{text[:40]}”, has no tokens. Remove it from the corpus.")
        ids = whole[: model.context]
        if max(ids) >= model.embeddings:  # on a GPU this would end the process
            raise BadInput(f"Sentence {row + 1}, “{text[:40]}”, has a token the model does not know. Remove it.")
        pieces = [text[start:end] for start, end in offsets[row][: len(ids)]] if offsets else None
        content = _last_content(tokenizer, ids, pieces, front)
        sentences.append(Sentence(tuple(ids), front, content, truncated=len(ids) < len(whole)))
    return sentences


def _last_content(tokenizer: PreTrainedTokenizerBase, ids: list[int], pieces: list[str] | None, front: int) -> int:
    """The place of the last token with a letter, digit, mark or symbol; the last token where there is none."""
    for place in range(len(ids) - 1, front - 1, -1):
        # The text a token stands for, not its own spelling: a token can be one byte of a full stop.
        piece = tokenizer.decode([ids[place]]) if pieces is None else pieces[place]
        if any(unicodedata.category(character)[0] not in _NOT_CONTENT for character in piece):
            return place
    return len(ids) - 1


def batches(model: LanguageModel, sentences: Sequence[Sentence], batch_tokens: int) -> Iterator[Batch]:
    """Batches of sentences of like length, longest first, each at most `batch_tokens` with its padding.

    A longer sentence is a batch of its own. Longest first, so that too large a batch shows at once.
    """
    order = sorted(range(len(sentences)), key=lambda row: -len(sentences[row].ids))
    start = 0
    while start < len(order):
        longest = len(sentences[order[start]].ids)
        rows = order[start : start + max(1, batch_tokens // longest)]
        yield _padded(model, rows, [sentences[row] for row in rows])
        start += len(rows)


def _padded(model: LanguageModel, rows: list[int], sentences: list[Sentence]) -> Batch:
    ids = torch.zeros(len(rows), max(len(sentence.ids) for sentence in sentences), dtype=torch.long)
    mask = torch.zeros_like(ids)  # padding is masked, so any token does: id 0, and no pad token has to be added
    for place, sentence in enumerate(sentences):
        ids[place, : len(sentence.ids)] = torch.tensor(sentence.ids)
        mask[place, : len(sentence.ids)] = 1
    return Batch(rows, sentences, ids.to(model.device), mask.to(model.device))


@dataclass(frozen=True)
class At:
    """Keep one token of each sentence."""

    places: Int[Tensor, "b"]

    def __call__(self, tensor: Float[Tensor, "b t k"], scale: Float[Tensor, "b t"] | None) -> Float[Tensor, "b k"]:
        rows = torch.arange(len(self.places), device=self.places.device)
        kept = tensor[rows, self.places].float()
        return kept if scale is None else kept * scale[rows, self.places][:, None]


@dataclass(frozen=True)
class Mean:
    """Keep the weighted sum over each sentence's tokens; weights sum to 1."""

    weights: Float[Tensor, "b t"]

    def __call__(self, tensor: Float[Tensor, "b t k"], scale: Float[Tensor, "b t"] | None) -> Float[Tensor, "b k"]:
        weights = self.weights if scale is None else self.weights * scale
        return torch.bmm(weights[:, None], tensor.float())[:, 0]  # float32: no sum in half precision


def tokens_at(batch: Batch, positions: Positions) -> Bool[Tensor, "b t"]:
    """Which tokens of a batch of whole sentences an intervention acts on; the padding never.

    Raises BadInput for positions that sentences without a continuation do not have.
    """
    device = batch.ids.device
    places = torch.arange(batch.ids.shape[1], device=device)[None]
    if positions == "generated":
        raise BadInput("Sentences that are only read have no generated tokens; choose tokens of the sentence.")
    if positions == "prompt_last":
        return places == torch.tensor([[len(sentence.ids) - 1] for sentence in batch.sentences], device=device)
    return batch.mask.bool() & (places >= (1 if positions == "prompt_but_first" else 0))


def reducer(batch: Batch, position: Position) -> Reduce:
    """What a position keeps of a batch: its last token, its last content token, or the mean without BOS."""
    device = batch.ids.device
    if position == "mean":
        places = torch.arange(batch.ids.shape[1], device=device)
        fronts = torch.tensor([sentence.front for sentence in batch.sentences], device=device)
        weights = (batch.mask.bool() & (places >= fronts[:, None])).float()
        return Mean(weights / weights.sum(dim=1, keepdim=True))
    if position == "last":
        return At(torch.tensor([len(sentence.ids) - 1 for sentence in batch.sentences], device=device))
    return At(torch.tensor([sentence.last_content for sentence in batch.sentences], device=device))
