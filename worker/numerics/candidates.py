"""Where Type-1 candidates end and Type-2 candidates begin: layers below the split, and layers from it on."""

from jaxtyping import Float
from torch import Tensor


def split_at_fraction(layers: int, fraction: float = 0.625) -> int:
    """The split as a share of the depth; 0.625 of 32 layers is 20, as in the paper. Each side keeps a layer."""
    return _inside(round(fraction * layers), layers)


def split_at_gap(gap: Float[Tensor, " level"]) -> int:
    """The split after the level at which parallel sentences are most alike compared with other sentences.

    Level l is what layers 0 to l - 1 have made of the embedding, so the best level is the number of Type-1 layers.
    Levels whose gap is nan do not count; the first of equal levels wins; each side keeps a layer. Raises ValueError if
    every gap is nan.
    """
    if bool(gap.isnan().all()):
        raise ValueError("The similarity gap is undefined at every level; split by a fraction of the depth instead.")
    return _inside(int(gap.nan_to_num(nan=-float("inf")).argmax()), len(gap) - 1)


def _inside(split: int, layers: int) -> int:
    return min(max(split, 1), max(layers - 1, 1))
