"""Ways to score how far a neuron's write brings the stream towards a target, by name.

Every scorer gives the sum over the sentences for every target and neuron, so that shards add up; a larger score always
means a write towards the target.
"""

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from worker.numerics.scoring import leave_one_out_sums, score_sums
from worker.registry import Params, scorer

_BLOCK = 128  # sentences at a time


@scorer("cosine_gain", title="Cosine gain (transfer neurons)", params=Params)
def cosine_gain(
    params: Params,
    stream: Float[Tensor, "sentence d_model"],
    block_output: Float[Tensor, "sentence d_model"],
    activations: Float[Tensor, "sentence neuron"],
    value_vectors: Float[Tensor, "neuron d_model"],
    targets: Float[Tensor, "target d_model"],
) -> Float64[Tensor, "target neuron"]:
    """cos(x + a v, C) - cos(x, C): what the write adds when it alone is added to the stream before the MLP."""
    return score_sums(stream, activations, value_vectors, targets)[0]


@scorer("leave_one_out", title="Leave one out", params=Params)
def leave_one_out(
    params: Params,
    stream: Float[Tensor, "sentence d_model"],
    block_output: Float[Tensor, "sentence d_model"],
    activations: Float[Tensor, "sentence neuron"],
    value_vectors: Float[Tensor, "neuron d_model"],
    targets: Float[Tensor, "target d_model"],
) -> Float64[Tensor, "target neuron"]:
    """cos(h, C) - cos(h - a v, C): what the block's output loses when this write alone is taken out of it."""
    return leave_one_out_sums(block_output, activations, value_vectors, targets)


@scorer("distance_gain", title="Distance gain", params=Params)
def distance_gain(
    params: Params,
    stream: Float[Tensor, "sentence d_model"],
    block_output: Float[Tensor, "sentence d_model"],
    activations: Float[Tensor, "sentence neuron"],
    value_vectors: Float[Tensor, "neuron d_model"],
    targets: Float[Tensor, "target d_model"],
) -> Float64[Tensor, "target neuron"]:
    """|x - C| - |x + a v - C|: by how much the write shortens the way to the target, in units of the stream.

    With y = x - C and D = a (2 y.v + a |v|^2) it is -D / (|y| + sqrt(|y|^2 + D)): no difference of two lengths.
    """
    s = value_vectors.float().square().sum(dim=1)
    sums = torch.zeros(len(targets), len(s), dtype=torch.float64, device=stream.device)
    for start in range(0, len(stream), _BLOCK):
        a = activations[start : start + _BLOCK]
        for number, target in enumerate(targets):
            way = stream[start : start + _BLOCK] - target
            growth = a * (2 * way @ value_vectors.float().T + a * s)
            length = way.norm(dim=1, keepdim=True)
            after = (length.square() + growth).clamp_(min=0).sqrt_()
            sums[number] -= (growth / (length + after).clamp_(min=torch.finfo(torch.float32).tiny)).double().sum(dim=0)
    return sums


@scorer("attribution", title="First-order attribution", params=Params)
def attribution(
    params: Params,
    stream: Float[Tensor, "sentence d_model"],
    block_output: Float[Tensor, "sentence d_model"],
    activations: Float[Tensor, "sentence neuron"],
    value_vectors: Float[Tensor, "neuron d_model"],
    targets: Float[Tensor, "target d_model"],
) -> Float64[Tensor, "target neuron"]:
    """The write times the gradient of cos(x, C) at x: the cosine gain of a small share of it, times its size.

    (a / |x|) (C / |C| - cos(x, C) x / |x|) . v; the bracket has no length along x, so nothing cancels in the product
    with v. A stream of length zero has no gradient and counts as 0; a target of length zero gives nan.
    """
    length = stream.double().norm(dim=1, keepdim=True)
    unit = stream / torch.where(length > 0, length, torch.inf)
    sums = []
    for target in targets.double():
        direction = target / target.norm()
        across = direction - (unit @ direction)[:, None] * unit
        gradient = (across / torch.where(length > 0, length, torch.inf)).float()
        total = torch.zeros(len(value_vectors), dtype=torch.float64, device=stream.device)
        for start in range(0, len(stream), _BLOCK):
            rows = slice(start, start + _BLOCK)
            total += (activations[rows] * (gradient[rows] @ value_vectors.float().T)).double().sum(dim=0)
        sums.append(total)
    return torch.stack(sums)
