"""A causal language model and its tokenizer, in the words of this product: layers, neurons, value vectors."""

import hashlib
import json
from functools import cached_property

import tokenizers
import torch
import transformers
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from app.contracts.results import ModelCard, Parity
from app.errors import UnsupportedArchitecture
from worker.model.sites import Site, site_of

_VOCABULARY_BLOCK = 16_384  # rows of the unembedding cast to float32 at a time: 256 MiB at 4,096 hidden
_UNSTATED_CONTEXT = 2048


class LanguageModel:
    """A model that is read, never trained; `parity` is the proof of the self-check, None before it was made.

    Raises UnsupportedArchitecture when a place its site names does not exist or has another shape.
    """

    def __init__(
        self,
        network: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        site: Site | None = None,
        revision: str | None = None,
        weight_hash: str = "",
    ) -> None:
        network.train(mode=False)  # dropout off
        self.network = network.requires_grad_(requires_grad=False)
        self.tokenizer = tokenizer
        self.site = site or site_of(type(network).__name__)
        self.revision = revision
        self.weight_hash = weight_hash
        self.parity: Parity | None = None
        self.hidden_size = int(network.config.hidden_size)
        self.parallel = self.site.is_parallel(network.config)
        self.neurons = self._check_shapes()

    def _check_shapes(self) -> int:
        """Neurons per layer, after asking every layer whether it can be read at all."""
        shapes = {tuple(self._stored_vectors(layer).shape) for layer in range(self.layers)}
        if len(shapes) != 1 or next(iter(shapes))[1] != self.hidden_size:
            raise UnsupportedArchitecture(
                f"{self.architecture} has down projections of the shapes {sorted(shapes)}; every layer must have "
                f"equally many neurons, and each must write {self.hidden_size} numbers."
            )
        if self.site.post_norm and any(self._down(layer).bias is not None for layer in range(self.layers)):
            raise UnsupportedArchitecture(
                f"{self.architecture} has a bias in front of the norm behind its MLP; its writes cannot be told apart."
            )
        return int(next(iter(shapes))[0])

    @property
    def architecture(self) -> str:
        """The name of the model's class, for example `LlamaForCausalLM`."""
        return type(self.network).__name__

    @property
    def base(self) -> nn.Module:
        """The network without its head: what a reading runs."""
        base: nn.Module = self.network.base_model
        return base

    @cached_property
    def blocks(self) -> list[nn.Module]:
        """The transformer blocks, in order."""
        blocks = self._at(self.base, self.site.blocks)
        if not isinstance(blocks, nn.ModuleList) or len(blocks) == 0:
            raise UnsupportedArchitecture(f"{self.architecture} has no blocks under “{self.site.blocks}”.")
        return list(blocks)

    @property
    def layers(self) -> int:
        """Number of blocks; the embedding is not one."""
        return len(self.blocks)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return torch.device(self.network.device)

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are; what is read from the model is float32 all the same."""
        dtype: torch.dtype = self.network.dtype
        return dtype

    @property
    def vocabulary(self) -> int:
        """Number of logits; can exceed the tokenizer's number of tokens."""
        return int(self.head.weight.shape[0])

    @property
    def embeddings(self) -> int:
        """Number of tokens the model can take in."""
        table = self.network.get_input_embeddings()
        if not isinstance(table, nn.Embedding):
            raise UnsupportedArchitecture(f"{self.architecture} has no table of token embeddings.")
        return table.num_embeddings

    @cached_property
    def head(self) -> nn.Linear:
        """The unembedding."""
        head = self.network.get_output_embeddings()  # type: ignore[no-untyped-call]  # of the library
        if not isinstance(head, nn.Linear):
            raise UnsupportedArchitecture(f"{self.architecture} has no linear unembedding.")
        return head

    @property
    def context(self) -> int:
        """Tokens of the longest text the model can read."""
        config = self.network.config
        stated = [getattr(config, name, None) for name in ("max_position_embeddings", "seq_length")]
        limits = [int(limit) for limit in stated if limit]
        # A tokenizer that does not know the limit says 1e30, and BLOOM has none: its training length then.
        return limits[0] if limits else min(int(self.tokenizer.model_max_length), _UNSTATED_CONTEXT)

    def inside(self, layer: int, path: str) -> nn.Module:
        """The module at `path` of a layer's block."""
        return self._at(self.blocks[layer], path)

    def _at(self, start: nn.Module, path: str) -> nn.Module:
        try:
            return start.get_submodule(path)
        except AttributeError as error:
            raise UnsupportedArchitecture(f"{self.architecture} has no module “{path}”: {error}.") from error

    def _down(self, layer: int) -> nn.Linear:
        down = self.inside(layer, self.site.down)
        if not hasattr(down, "weight") or not hasattr(down, "bias"):
            raise UnsupportedArchitecture(f"“{self.site.down}” of {self.architecture} is not a linear projection.")
        return down  # type: ignore[return-value]  # or a Conv1D, whose weight lies the other way

    def _stored_vectors(self, layer: int) -> Float[Tensor, "neuron hidden"]:
        weight = self._down(layer).weight
        return weight if self.site.conv1d else weight.T

    def stored_vectors(self, layer: int, chosen: Int[Tensor, "n"]) -> Float[Tensor, "n hidden"]:
        """Columns of the down projection as they are stored, without what a norm behind them does; float32."""
        return self._stored_vectors(layer).index_select(0, chosen.to(self.device, torch.long)).float()

    @property
    def residual_multiplier(self) -> float:
        """What the MLP's output is multiplied by before it reaches the stream."""
        return float(self._config(self.site.residual_multiplier) or 1.0)

    def _config(self, name: str) -> float | None:
        value = getattr(self.network.config, name) if name else None
        return None if value is None else float(value)

    def _gain(self, norm: nn.Module) -> Float[Tensor, "hidden"] | None:
        weight: Tensor | None = getattr(norm, "weight", None)
        return None if weight is None else weight.float() + self.site.gain_offset

    def value_vectors(self, layer: int) -> Float[Tensor, "neuron hidden"]:
        """What each neuron adds to the stream per unit of its write coefficient; float32, on the model's device.

        Behind a norm (Gemma 2, OLMo 2) the norm's gain is folded in; its 1/rms is part of the coefficient instead.
        """
        vectors = self._stored_vectors(layer).float()
        if self.site.post_norm:
            gain = self._gain(self.inside(layer, self.site.post_norm))
            vectors = vectors if gain is None else vectors * gain
        return vectors * self.residual_multiplier if self.site.residual_multiplier else vectors

    def bias(self, layer: int) -> Float[Tensor, "hidden"] | None:
        """What the MLP adds to the stream beside the neurons' writes; float32."""
        bias: Tensor | None = self._down(layer).bias
        return None if bias is None else bias.float() * self.residual_multiplier

    def rms_epsilon(self, layer: int) -> float | None:
        """The epsilon of the norm behind a layer's MLP; None without such a norm."""
        if not self.site.post_norm:
            return None
        norm = self.inside(layer, self.site.post_norm)
        return float(getattr(norm, "eps", getattr(norm, "variance_epsilon", 0.0)))

    @torch.no_grad()
    def final_norm(self, states: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows hidden"]:
        """Hidden states after the model's last norm, float32: what transformers calls the last hidden state."""
        norm = self._at(self.base, self.site.final_norm)
        normed: Tensor = norm(states.to(self.device, self.dtype))
        return normed.float()

    @torch.no_grad()
    def effective_unembedding(self) -> Float[Tensor, "vocabulary hidden"]:
        """The unembedding with the final norm's gain (and centring) folded in, float32; see `vocabulary_effect`."""
        rows = self.head.weight.float() * self._logit_scale
        gain = self._gain(self._at(self.base, self.site.final_norm))
        rows = rows if gain is None else rows * gain
        return rows - rows.mean(dim=1, keepdim=True) if self.site.centred else rows

    @torch.no_grad()
    def unembed(self, states: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows vocabulary"]:
        """The logits a hidden state would give if the model ended there (logit lens); float32, before the softmax.

        nostalgebraist, "interpreting GPT: the logit lens" (2020); final norm, scale and soft cap included.
        """
        norm = self._at(self.base, self.site.final_norm)
        logits: Tensor = self.head(norm(states.to(self.device, self.dtype))).float() * self._logit_scale
        cap = self._config(self.site.logit_softcap)
        return logits if cap is None else cap * torch.tanh(logits / cap)

    @property
    def _logit_scale(self) -> float:
        return (self._config(self.site.logit_scale) or 1.0) / (self._config(self.site.logit_divisor) or 1.0)

    @torch.no_grad()
    def vocabulary_effect(self, vectors: Float[Tensor, "rows hidden"]) -> Float[Tensor, "rows vocabulary"]:
        """How far a unit step along each vector raises each logit, up to the final norm's 1/rms; float32.

        Final-norm gain folded in (for LayerNorm also its centring), soft cap left out, which keeps the order.
        Geva et al., "Transformer Feed-Forward Layers Build Predictions by Promoting Concepts" (2022).
        """
        vectors = vectors.to(self.device, torch.float32)
        if self.site.centred:
            vectors = vectors - vectors.mean(dim=-1, keepdim=True)
        gain = self._gain(self._at(self.base, self.site.final_norm))
        directions = (vectors if gain is None else vectors * gain) * self._logit_scale
        rows = torch.split(self.head.weight, _VOCABULARY_BLOCK)
        return torch.cat([directions @ block.float().T for block in rows], dim=-1)

    @cached_property
    def tokenizer_hash(self) -> str:
        """SHA-256 over all that decides how a text is cut into tokens."""
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        if isinstance(backend, tokenizers.Tokenizer):
            content = backend.to_str()
        else:
            content = json.dumps(self.tokenizer.get_vocab(), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def card(self, tokens_per_second: float = 0.0) -> ModelCard:
        """What the model is, with the proof that it is read correctly; raises UnsupportedArchitecture without one."""
        if self.parity is None:
            raise UnsupportedArchitecture(f"This {self.architecture} has not been through the self-check yet.")
        return ModelCard(
            architecture=self.architecture,
            layers=self.layers,
            neurons=self.neurons,
            hidden_size=self.hidden_size,
            vocabulary=self.vocabulary,
            parameters=sum(parameter.numel() for parameter in self.network.parameters()),
            context=self.context,
            dtype=str(self.dtype).removeprefix("torch."),
            device=str(self.device),
            revision=self.revision,
            weight_hash=self.weight_hash,
            tokenizer_hash=self.tokenizer_hash,
            chat_template=bool(getattr(self.tokenizer, "chat_template", None)),
            tokens_per_second=tokens_per_second,
            versions=versions(),
            parity=self.parity,
        )


def versions() -> dict[str, str]:
    """The versions of the libraries that decide a model's numbers."""
    return {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
    }
