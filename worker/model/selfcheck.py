"""The proof, made whenever a model is opened, that what we read from it is what it computes."""

import torch
from jaxtyping import Float
from torch import Tensor

from app.contracts.results import Parity
from app.errors import UnsupportedArchitecture
from worker.model.hooks import Capture, read
from worker.model.language_model import LanguageModel

ROWS, TOKENS = 2, 16


def allowed_residue(dtype: torch.dtype) -> float:
    """The largest residue that can still be rounding, relative to the length of the stream."""
    return 0.001 if dtype == torch.float32 else 0.01


@torch.no_grad()
def self_check(model: LanguageModel) -> Parity:
    """Prove stream + writes (+ bias) = block output at every layer, and that reading leaves the logits as they are.

    Raises UnsupportedArchitecture naming the layer, what was found and what is allowed.
    """
    ids = _some_ids(model)
    plain = model.network(input_ids=ids, use_cache=False).logits.float()
    with read(model) as kept:
        hooked = model.network(input_ids=ids, use_cache=False).logits.float()
    allowed = allowed_residue(model.dtype)
    residues = [_residue(model, kept, layer) for layer in range(model.layers)]
    found = torch.tensor(residues)
    worst = int(found.nan_to_num(nan=torch.inf).argmax())
    if not bool(torch.isfinite(found).all() and torch.isfinite(plain).all()):
        raise UnsupportedArchitecture(
            f"{model.architecture}: layer {worst} computes infinite or undefined numbers in {_name(model.dtype)}. "
            "Load the model in another precision, or check its weights."
        )
    if residues[worst] > allowed:
        raise UnsupportedArchitecture(
            f"{model.architecture}: in layer {worst} stream + writes miss the block's output by {residues[worst]:.2g} "
            f"of the stream's length; {allowed:g} is allowed. This model has a layout we do not read correctly."
        )
    delta = float((hooked - plain).abs().max())
    _check_logits(model, plain, delta, kept.states[model.layers], allowed)
    return Parity(passed=True, max_delta_logit=delta, residue=residues[worst], worst_layer=worst, allowed=allowed)


def checked(model: LanguageModel) -> LanguageModel:
    """The same model, with its proof; raises UnsupportedArchitecture."""
    model.parity = self_check(model)
    return model


def _some_ids(model: LanguageModel) -> Tensor:
    """Two rows of ids spread over the vocabulary: the proof is about arithmetic, not about language."""
    spread = torch.arange(1, ROWS * TOKENS + 1) * 2_654_435_761 % min(len(model.tokenizer), model.embeddings)
    return spread.reshape(ROWS, TOKENS).to(model.device)


def _residue(model: LanguageModel, kept: Capture, layer: int) -> float:
    """The largest |stream + writes - output| of any token, relative to the longer of stream and output."""
    if layer not in kept.activations or layer not in kept.stream:
        raise UnsupportedArchitecture(
            f"{model.architecture}: nothing passed through “{model.site.down}” or the stream's place of layer {layer}. "
            "This model has a layout we do not read correctly."
        )
    stream, output = kept.stream[layer], kept.states[layer + 1]
    rebuilt = stream + kept.activations[layer] @ model.value_vectors(layer)
    bias = model.bias(layer)
    rebuilt = rebuilt if bias is None else rebuilt + bias
    # The longer of the two: a token that starts short and ends long (attention sinks do) rounds at its final length.
    length = torch.maximum(stream.norm(dim=-1), output.norm(dim=-1)).clamp_min(torch.finfo(torch.float32).tiny)
    return float(((rebuilt - output).norm(dim=-1) / length).max())


def _check_logits(
    model: LanguageModel,
    plain: Float[Tensor, "b t vocabulary"],
    delta: float,
    last: Float[Tensor, "b t hidden"],
    allowed: float,
) -> None:
    """Reading must not move a logit, and the last state through norm and unembedding must give the logits."""
    length = float(plain.norm(dim=-1).max())
    if delta > allowed * float(plain.abs().max()):
        raise UnsupportedArchitecture(f"{model.architecture}: reading the model moves its logits by up to {delta:.2g}.")
    lens = float((model.unembed(last) - plain).norm(dim=-1).max()) / length
    if not lens <= allowed:
        raise UnsupportedArchitecture(
            f"{model.architecture}: final norm and unembedding of the last output miss the logits by {lens:.2g} of "
            f"their length; {allowed:g} is allowed. This model has a layout we do not read correctly."
        )


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
