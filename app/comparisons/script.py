"""A comparison as a plain Python script: torch and transformers alone, the same tokens."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from textwrap import fill

from app.contracts.comparisons import CompareResult, CompareSpec, Output
from app.contracts.interventions import POSITION_WORDS, Positions, Template
from app.contracts.provenance import Provenance

Pairs = Iterable[tuple[int, int]]  # layer and neuron
Values = Mapping[tuple[int, int], float]  # what the activation of a neuron becomes
# Where the neurons of an architecture are: the modules whose inputs they are, one a layer.
DOWN_PROJECTIONS = ("mlp.down_proj", "mlp.c_proj", "mlp.fc2", "mlp.dense_4h_to_h")
SLICES: Mapping[Positions, tuple[str, str]] = {
    "prompt_last": ("slice(-1, None)", "None"),
    "prompt": ("slice(None)", "None"),
    "prompt_but_first": ("slice(1, None)", "None"),
    "generated": ("None", "slice(None)"),
    "all": ("slice(None)", "slice(None)"),
}
CUTS: Mapping[Template, str] = {
    "raw": 'prompt = tokenizer(PROMPT)["input_ids"]',
    "chat": """said = tokenizer.apply_chat_template(
    [{"role": "user", "content": PROMPT}], add_generation_prompt=True, tokenize=False
)
prompt = tokenizer(said, add_special_tokens=False)["input_ids"]""",
}
DTYPES = {"float32": "torch.float32", "bfloat16": "torch.bfloat16", "float16": "torch.float16"}


@dataclass(frozen=True)
class Wording:
    """A script's parts that depend on what is done to the neurons: its sentence, its constants, its expression.

    The expression is of `old`, the activations [1, tokens, neurons], `layer` and `neurons`.
    """

    sentence: str
    constants: str
    new: str


def python_script(
    title: str, spec: CompareSpec, result: CompareResult, neurons: Pairs, found: Provenance, values: Values
) -> str:
    """The script of a finished comparison; `values` are the activations that replace the neurons', where it has them.

    Draws after the first are left out. A text that was stopped is written as far as it came.
    """
    wording = _wording(spec, values)
    prompt, generated = SLICES[spec.intervention.positions]
    control = result.control_neurons[0] if result.control_neurons else ()
    parts = (
        _head(title, spec, found, wording),
        _constants(spec, result, found, neurons, control),
        wording.constants,
        f"AT_PROMPT, AT_GENERATED = {prompt}, {generated}  # {POSITION_WORDS[spec.intervention.positions]}\n",
        _OPENING.replace("DOWN_PROJECTIONS", repr(DOWN_PROJECTIONS)).replace("CUT", CUTS[spec.template]),
        _CHANGING.replace("NEW_VALUE", wording.new),
        _SAMPLED if spec.sampling.temperature > 0 else _GREEDY,
        _END if control else _END.replace(', ("control", CONTROL)', ""),
    )
    return "".join(part for part in parts if part)


def _wording(spec: CompareSpec, values: Values) -> Wording:
    action = spec.intervention
    if action.name == "zero":
        return Wording("sets their activations to zero", "", "torch.zeros_like(old)")
    if action.name == "scale":
        factor = float(action.params.get("factor", 2.0))
        return Wording(f"multiplies their activations by {factor:g}", f"FACTOR = {factor!r}\n", "FACTOR * old")
    if action.name == "clamp":
        low, high = float(action.params.get("low", -1.0)), float(action.params.get("high", 1.0))
        return Wording(
            f"keeps their activations between {low:g} and {high:g}", f"LOW, HIGH = {low!r}, {high!r}\n",
            "old.clamp(LOW, HIGH)",
        )  # fmt: skip
    whose = f"of {action.params['language']}" if action.name == "transplant" else "over languages"
    constants = f"MEAN = {_by_layer_values(values)}  # by layer and neuron\n"
    new = "torch.tensor([MEAN[layer][neuron] for neuron in neurons]).to(old).expand_as(old)"
    return Wording(f"sets their activations to their mean {whose}", constants, new)


def _head(title: str, spec: CompareSpec, found: Provenance, wording: Wording) -> str:
    versions = " and ".join(
        f"{name} {found.versions[name]}" for name in ("torch", "transformers") if name in found.versions
    )
    needed = versions or "torch and transformers"
    about = (
        f"Writes on from a prompt with the model as it is, with chosen neurons changed, and with random ones changed: "
        f"{wording.sentence} at {POSITION_WORDS[spec.intervention.positions]}. Needs {needed} and nothing else; prints "
        f"the token ids of each answer and its text. Made by {found.software}."
    )
    named = re.sub(r'[\\"\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+', " ", title).strip()[:100]
    weights = f"\n\nWeights: {found.weight_hash}" if found.weight_hash else ""
    return f'"""{named or "A comparison"}.\n\n{fill(about, 116)}{weights}\n"""\n\n{_IMPORTS}'


def _constants(spec: CompareSpec, result: CompareResult, found: Provenance, neurons: Pairs, control: Pairs) -> str:
    sampling = spec.sampling
    lines = [
        f"MODEL = sys.argv[1] if len(sys.argv) > 1 else {_text(found.model)}  # a hub id or a folder",
        f"REVISION = {_text(found.revision) if found.revision else None}",
        f"DTYPE = {DTYPES.get(found.dtype, 'torch.float32')}",
        f"PROMPT = {_text(spec.prompt)}",
        f"PROMPT_TOKENS = {list(result.prompt_tokens)}",
        f"NEURONS = {_by_layer(neurons)}  # by layer, both from 0",
        f"CONTROL = {_by_layer(control)}  # as many random ones in each layer" if control else "",
        f"NEW_TOKENS = {_longest(spec, result)}",
    ]
    if sampling.temperature > 0:
        lines.append(
            f"TEMPERATURE, TOP_P, SAMPLES = {sampling.temperature!r}, {sampling.top_p!r}, {sampling.samples}\n"
            f"SEED, DRAWN = {sampling.seed}, {sampling.max_new_tokens}  # random numbers: of sample s those of SEED + s"
        )
    return "\n".join(line for line in lines if line) + "\n"


def _longest(spec: CompareSpec, result: CompareResult) -> int:
    """How many tokens are written at most: as many as were asked for, or came until the user stopped it."""
    asked = spec.sampling.max_new_tokens
    cut = any(output.stop in ("stopped", "context") for output in result.outputs)
    return min(asked, max((len(output.tokens) for output in result.outputs), default=0)) if cut else asked


def _by_layer(neurons: Pairs) -> str:
    found: dict[int, list[int]] = {}
    for layer, neuron in neurons:
        found.setdefault(int(layer), []).append(int(neuron))
    return repr(found)


def _by_layer_values(values: Values) -> str:
    found: dict[int, dict[int, float]] = {}
    for (layer, neuron), value in values.items():
        found.setdefault(layer, {})[neuron] = value
    return repr(found)


def _text(words: str) -> str:
    """A string literal whose source is plain ASCII where the words could turn a line around, else as they are."""
    literal = json.dumps(words, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069]", lambda c: f"\\u{ord(c[0]):04x}", literal)


def printed(outputs: Iterable[Output]) -> dict[str, list[list[int]]]:
    """What the script prints: token ids by role, a list a sample; only the first control draw."""
    found: dict[str, list[list[int]]] = {}
    for output in outputs:
        if output.draw == 0:
            found.setdefault(output.role, []).append(list(output.tokens))
    return found


_IMPORTS = """import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

"""

_OPENING = """
tokenizer = AutoTokenizer.from_pretrained(MODEL, revision=REVISION)
model = AutoModelForCausalLM.from_pretrained(MODEL, revision=REVISION, dtype=DTYPE).eval()
down = [part for name, part in model.named_modules() if name.endswith(DOWN_PROJECTIONS)]  # one a layer
ends = model.generation_config.eos_token_id
ends = tokenizer.eos_token_id if ends is None else ends
ends = ends if isinstance(ends, list) else [ends]
CUT
if prompt[: len(PROMPT_TOKENS)] != PROMPT_TOKENS:
    sys.exit("This tokenizer cuts the prompt in another way: another model, revision or version.")
"""

_CHANGING = """
places = None  # which tokens of the present forward pass are changed; None: none of them


def changing(layer, neurons):
    def change(module, inputs):
        if places is None:
            return None
        activations = inputs[0].clone()
        old = activations[:, places][..., neurons]
        activations[:, places] = activations[:, places].index_copy(-1, torch.tensor(neurons), NEW_VALUE)
        return (activations, *inputs[1:])

    return down[layer].register_forward_pre_hook(change)


@torch.no_grad()
def answer(chosen, pick):
    global places
    hooks = [changing(layer, neurons) for layer, neurons in chosen.items()]
    tokens, new, cache = [], PROMPT_TOKENS, None
    for step in range(NEW_TOKENS):
        places = AT_PROMPT if step == 0 else AT_GENERATED
        out = model(input_ids=torch.tensor([new]), past_key_values=cache, use_cache=True)
        token, cache = pick(out.logits[0, -1].float(), step), out.past_key_values
        if token in ends:
            break
        tokens.append(token)
        new = [token]
    for hook in hooks:
        hook.remove()
    return tokens

"""

_GREEDY = """
def answers(chosen):
    yield answer(chosen, lambda logits, step: int(logits.argmax()))

"""

_SAMPLED = """
def pick(logits, uniform):
    probable = torch.softmax(logits / TEMPERATURE, dim=-1).sort(descending=True, stable=True)
    heaped = probable.values.double().cumsum(dim=-1)
    kept = int((heaped - probable.values < TOP_P).sum())
    place = int((heaped <= uniform * heaped[kept - 1]).sum())
    return int(probable.indices[min(place, kept - 1)])


def answers(chosen):
    for sample in range(SAMPLES):
        uniform = torch.rand(DRAWN, dtype=torch.float64, generator=torch.Generator().manual_seed(SEED + sample))
        yield answer(chosen, lambda logits, step: pick(logits, uniform[step]))

"""

_END = """
for role, chosen in (("normal", {}), ("ablated", NEURONS), ("control", CONTROL)):
    for tokens in answers(chosen):
        print(role, tokens)
        print(tokenizer.decode(tokens))
"""
