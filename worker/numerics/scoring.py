"""How far a neuron's write turns the stream towards a target: the transfer-neuron score in a stable closed form.

For a sentence k with stream x, activation a and value vector v the score of a neuron towards a target C is

    cos(x + a v, C) - cos(x, C) = (a q - p D / ((u + w) u)) / (c w)

with r = x.v, q = C.v, p = x.C, c = |C|, u = |x|, D = a (2 r + a |v|^2) and w = sqrt(u^2 + D) = |x + a v|. The paper's
score (Tezuka & Inoue 2025, Eqs 8-9) is its mean over the sentences. The difference of two nearly equal cosines is never
formed: in float32 it is pure noise as soon as the stream has a few massive dimensions.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64
from torch import Tensor

# Sentences by neurons worked on at a time. On a CPU a block (256 KiB) has to stay in the second cache, which halves the
# time; an accelerator wants few, large blocks. Sums are float32 over so many sentences, float64 beyond.
_CPU_BLOCK = (128, 512)
_ACCELERATOR_BLOCK = (1024, 8192)
_SUMMED_IN_FLOAT32 = 1024

# The share of |x|^2 below which |x + a v|^2 is rounding (the write has cancelled the stream); and the same for x = 0.
_CANCELLED_SQUARED = 1e-12
_NOTHING_SQUARED = 1e-30


class Products(NamedTuple):
    """What all targets of a layer share."""

    r: Float[Tensor, "sentence neuron"]  # stream . value vector
    s: Float[Tensor, " neuron"]  # |value vector|^2
    n: Float[Tensor, " sentence"]  # |stream|^2
    w: Float[Tensor, "sentence neuron"]  # |stream + write|


def layer_products(
    stream: Float[Tensor, "sentence d_model"],
    activations: Float[Tensor, "sentence neuron"],
    value_vectors: Float[Tensor, "neuron d_model"],
) -> Products:
    """The one large matrix product of a layer and the three lengths; needs two float32 [sentence, neuron] buffers."""
    r = stream @ value_vectors.T
    s = value_vectors.square().sum(dim=1)
    n = stream.square().sum(dim=1)
    w = torch.addcmul(2 * r, activations, s).mul_(activations).add_(n[:, None])
    return Products(r, s, n, w.clamp_(min=_CANCELLED_SQUARED * n[:, None]).sqrt_())


def score_sum(
    products: Products,
    activations: Float[Tensor, "sentence neuron"],
    stream: Float[Tensor, "sentence d_model"],
    target: Float[Tensor, " d_model"],
    value_vectors: Float[Tensor, "neuron d_model"],
) -> tuple[Float64[Tensor, " neuron"], Float64[Tensor, " neuron"]]:
    """The sum over sentences of the score towards one target, and the sum of its squares: the formula as it is written.

    `score_sums` gives the same for many targets, faster. The cosine to a stream of length zero counts as 0; a target of
    length zero has no direction, its scores are nan.
    """
    q, p, c = value_vectors @ target, stream @ target, target.norm()
    total = torch.zeros(len(q), dtype=torch.float64, device=q.device)
    squares = torch.zeros_like(total)
    for rows in _blocks(len(p), 64):
        a, w, n = activations[rows], products.w[rows], products.n[rows, None]
        growth = a * (2 * products.r[rows] + a * products.s)
        turned_away = torch.where(n > 0, p[rows, None] * growth / ((n.sqrt() + w) * n.sqrt()), 0.0)
        score = torch.where(w > 0, (a * q - turned_away) / (c * w), 0 / c).double()
        total += score.sum(dim=0)
        squares += score.square().sum(dim=0)
    return total, squares


def score_sums(
    stream: Float[Tensor, "sentence d_model"],
    activations: Float[Tensor, "sentence neuron"],
    value_vectors: Float[Tensor, "neuron d_model"],
    targets: Float[Tensor, "target d_model"],
) -> tuple[Float64[Tensor, "target neuron"], Float64[Tensor, "target neuron"]]:
    """`score_sum` for all targets at once: sums over the sentences of the score and of its square.

    The score is alpha q / c - cos(x, C) gain with alpha = a / w and gain = D / (u w + w^2), which know no target. So
    the passes over sentences x neurons are made once, and a target costs a few rows of small matrix products. With
    massive dimensions rounding is 1e-3 of a score and a few per cent of its standard deviation. Where a write cancels
    the stream to within float32 rounding nothing is left that has a direction: finite, but arbitrary. Zero streams and
    zero targets as in `score_sum`.
    """
    directions = targets / targets.norm(dim=1, keepdim=True)  # a zero target becomes nan here, and stays it
    q = torch.empty(len(targets), len(value_vectors), device=stream.device)
    sums = _SharedSums.zeros(q, torch.float64)
    columns = (_ACCELERATOR_BLOCK if stream.is_cuda else _CPU_BLOCK)[1]
    for some in _blocks(len(value_vectors), columns):
        vectors = value_vectors[some].float()
        q[:, some] = directions @ vectors.T
        for part in _blocks(len(stream), _SUMMED_IN_FLOAT32):
            sums.collect(some, _strip_sums(stream[part], activations[part, some], vectors, directions))
    return sums.combine(q.double(), len(stream))


def leave_one_out_sum(
    block_output: Float[Tensor, "sentence d_model"],
    activations: Float[Tensor, "sentence neuron"],
    value_vectors: Float[Tensor, "neuron d_model"],
    target: Float[Tensor, " d_model"],
) -> Float64[Tensor, " neuron"]:
    """The sum over sentences of cos(h, C) - cos(h - a v, C): what the block's output h loses without the neuron."""
    return leave_one_out_sums(block_output, activations, value_vectors, target[None])[0]


def leave_one_out_sums(
    block_output: Float[Tensor, "sentence d_model"],
    activations: Float[Tensor, "sentence neuron"],
    value_vectors: Float[Tensor, "neuron d_model"],
    targets: Float[Tensor, "target d_model"],
) -> Float64[Tensor, "target neuron"]:
    """`leave_one_out_sum` for all targets at once.

    The cosine is odd: cos(h, C) - cos(h - a v, C) = cos(-h + a v, C) - cos(-h, C), the score on the stream -h.
    """
    return score_sums(-block_output, activations, value_vectors, targets)[0]


def _strip_sums(
    stream: Float[Tensor, "sentence d_model"],
    activations: Float[Tensor, "sentence neuron"],
    vectors: Float[Tensor, "neuron d_model"],
    directions: Float[Tensor, "target d_model"],
) -> "_SharedSums":
    """The sums over some sentences for some neurons, block by block."""
    u = stream.norm(dim=1, keepdim=True)
    n, s = u.square(), vectors.norm(dim=1).square()
    cosines = directions @ stream.T / torch.where(u > 0, u, 1.0).T
    twice_r = (2 * stream) @ vectors.T
    sums = _SharedSums.zeros(twice_r.new_empty(len(directions), len(vectors)), torch.float32)
    for rows in _blocks(len(stream), (_ACCELERATOR_BLOCK if stream.is_cuda else _CPU_BLOCK)[0]):
        sums.add(*_alpha_gain(twice_r[rows], activations[rows], s, n[rows], u[rows]), cosines[:, rows])
    return sums


def _alpha_gain(
    twice_r: Float[Tensor, "sentence neuron"],
    a: Float[Tensor, "sentence neuron"],
    s: Float[Tensor, " neuron"],
    n: Float[Tensor, "sentence 1"],
    u: Float[Tensor, "sentence 1"],
) -> tuple[Float[Tensor, "sentence neuron"], Float[Tensor, "sentence neuron"]]:
    """Alpha and gain of `score_sums`; overwrites twice_r: on a CPU every pass is a few per cent of a scan."""
    steepness = twice_r.addcmul_(a, s)  # D / a
    w_squared = torch.addcmul(n, steepness, a)
    w = torch.maximum(w_squared, (_CANCELLED_SQUARED * n).clamp_(min=_NOTHING_SQUARED), out=w_squared).sqrt_()
    alpha = a / w
    return alpha, steepness.div_(w.add_(u)).mul_(alpha)


class _SharedSums(NamedTuple):
    """Sums over sentences of what the score and its square are made of; the last three have a row a target."""

    alpha: Float[Tensor, "1 neuron"]
    alpha_alpha: Float[Tensor, "1 neuron"]
    gain: Float[Tensor, "target neuron"]  # cosine gain
    alpha_gain: Float[Tensor, "target neuron"]  # cosine alpha gain
    gain_gain: Float[Tensor, "target neuron"]  # cosine^2 gain^2

    @classmethod
    def zeros(cls, like: Float[Tensor, "target neuron"], dtype: torch.dtype) -> "_SharedSums":
        rows = (1, 1, len(like), len(like), len(like))
        return cls(*(like.new_zeros(count, like.shape[1], dtype=dtype) for count in rows))

    def add(
        self,
        alpha: Float[Tensor, "sentence neuron"],
        gain: Float[Tensor, "sentence neuron"],
        cosines: Float[Tensor, "target sentence"],
    ) -> None:
        """Add a block of sentences; overwrites alpha and gain."""
        ones = alpha.new_ones(1, len(alpha))
        self.alpha.addmm_(ones, alpha)
        self.gain.addmm_(cosines, gain)
        self.alpha_gain.addmm_(cosines, alpha * gain)
        self.alpha_alpha.addmm_(ones, alpha.square_())
        self.gain_gain.addmm_(cosines.square(), gain.square_())

    def collect(self, some: slice, sums: "_SharedSums") -> None:
        """Add the sums of some of the neurons."""
        for mine, theirs in zip(self, sums, strict=True):
            mine[:, some] += theirs

    def combine(
        self, q: Float64[Tensor, "target neuron"], sentences: int
    ) -> tuple[Float64[Tensor, "target neuron"], Float64[Tensor, "target neuron"]]:
        """The sums of q alpha - cosine gain and of its square, multiplied out."""
        total = q * self.alpha - self.gain
        squares = q.square() * self.alpha_alpha - 2 * q * self.alpha_gain + self.gain_gain
        # Never below what the sum demands, which float32 rounding could otherwise undercut: a variance stays >= 0.
        return total, torch.maximum(squares, total.square() / max(sentences, 1))


def _blocks(size: int, step: int) -> Iterator[slice]:
    return (slice(start, start + step) for start in range(0, size, step))
