"""Where each architecture keeps its stream, its neurons and its norms: one row an architecture.

A wrong row cannot do harm quietly: the self-check refuses the model when it is loaded.
"""

from dataclasses import dataclass

from transformers import PreTrainedConfig

from app.errors import UnsupportedArchitecture


@dataclass(frozen=True)
class Site:
    """The places of one architecture; the defaults are Llama's.

    `blocks` and `final_norm` are paths from the base model, all other paths start at a block; the second group names
    attributes of the config, empty where the architecture has no such number.
    """

    architecture: str
    blocks: str = "layers"
    final_norm: str = "norm"
    down: str = "mlp.down_proj"
    stream: str = "post_attention_layernorm"  # the stream before the MLP is an argument of this module ...
    argument: int = 0  # ... the one at this place
    parallel: bool | str = False  # MLP beside attention, not after it: the stream is block input + attention's output
    attention: str = "self_attn"  # read in parallel blocks only
    conv1d: bool = False  # weights are stored [in, out], as GPT-2 does
    post_norm: str = ""  # RMS norm between the down projection and the stream
    gain_offset: float = 0.0  # the norms multiply by weight + this
    centred: bool = False  # the final norm subtracts the mean: LayerNorm, not RMS norm

    residual_multiplier: str = ""  # the MLP's output is multiplied by it
    logit_scale: str = ""  # the logits are multiplied by it
    logit_divisor: str = ""  # the logits are divided by it
    logit_softcap: str = ""  # the logits become cap * tanh(logits / cap), when it is set

    def is_parallel(self, config: PreTrainedConfig) -> bool:
        """Whether MLP and attention both read the block's input, in this model."""
        return bool(getattr(config, self.parallel)) if isinstance(self.parallel, str) else self.parallel


_SITES = (
    Site("LlamaForCausalLM"),
    Site("MistralForCausalLM"),
    Site("Qwen2ForCausalLM"),
    Site("Qwen3ForCausalLM"),
    Site("Phi3ForCausalLM"),
    Site("SmolLM3ForCausalLM"),
    Site("GraniteForCausalLM", residual_multiplier="residual_multiplier", logit_divisor="logits_scaling"),
    Site("OlmoForCausalLM", centred=True),
    Site("Olmo2ForCausalLM", stream="mlp", post_norm="post_feedforward_layernorm"),
    Site("Olmo3ForCausalLM", stream="mlp", post_norm="post_feedforward_layernorm"),
    Site("Starcoder2ForCausalLM", down="mlp.c_proj", centred=True),
    Site("GemmaForCausalLM", gain_offset=1.0),
    Site(
        "Gemma2ForCausalLM",
        stream="pre_feedforward_layernorm",
        post_norm="post_feedforward_layernorm",
        gain_offset=1.0,
        logit_softcap="final_logit_softcapping",
    ),
    Site(
        "Gemma3ForCausalLM",
        stream="pre_feedforward_layernorm",
        post_norm="post_feedforward_layernorm",
        gain_offset=1.0,
        logit_softcap="final_logit_softcapping",
    ),
    Site("CohereForCausalLM", parallel=True, centred=True, logit_scale="logit_scale"),
    Site("Cohere2ForCausalLM", parallel=True, centred=True, logit_scale="logit_scale"),
    Site("PhiForCausalLM", down="mlp.fc2", parallel=True, centred=True, final_norm="final_layernorm"),
    Site(
        "GPT2LMHeadModel",
        blocks="h",
        final_norm="ln_f",
        down="mlp.c_proj",
        stream="ln_2",
        conv1d=True,
        centred=True,
    ),
    Site(
        "GPTNeoXForCausalLM",
        final_norm="final_layer_norm",
        down="mlp.dense_4h_to_h",
        parallel="use_parallel_residual",
        attention="attention",
        centred=True,
    ),
    # BLOOM's MLP adds the residual itself: the stream is its second argument, whichever residual the config asks for.
    Site(
        "BloomForCausalLM",
        blocks="h",
        final_norm="ln_f",
        down="mlp.dense_4h_to_h",
        stream="mlp",
        argument=1,
        centred=True,
    ),
)

SITES: dict[str, Site] = {site.architecture: site for site in _SITES}


def site_of(architecture: str) -> Site:
    """The row of a model class, for example `LlamaForCausalLM`; unknown ones raise UnsupportedArchitecture."""
    site = SITES.get(architecture)
    if site is None:
        known = ", ".join(sorted(SITES))
        raise UnsupportedArchitecture(f"{architecture} is not supported. Choose a model of one of these: {known}.")
    return site
