"""The fields of the form for a comparison, and how a finished comparison fills it again."""

from pydantic import BaseModel, ConfigDict, Field

from app.contracts.comparisons import CompareSpec

GREEDY = "greedy"
SAMPLED = "sampled"


class CompareForm(BaseModel):
    """None of them needed: what is empty takes its default. Parameters of actions are extra fields, `scale.factor`."""

    model_config = ConfigDict(extra="allow")

    name: str = ""
    prompt: str = ""
    template: str = "raw"
    model: str = ""
    source: str = ""  # set | top | neurons
    set: str = ""
    run: str = ""
    language: str = ""
    type: str = "2"
    measure: str = "score"
    count: str = "100"
    neurons: list[str] = Field(default_factory=list)
    action: str = "zero"
    positions: str = "all"
    draws: str = "5"
    match: str = "layer"
    control_seed: str = "42"
    mode: str = GREEDY
    max_new_tokens: str = "64"
    temperature: str = "0.8"
    top_p: str = "1"
    samples: str = "5"
    seed: str = "0"
    target: str = ""
    lens_run: str = ""
    dtype: str = "auto"
    leave: str = ""  # "stop": the comparison stops when its page is left

    @property
    def neurons_text(self) -> str:
        """The neurons that were typed or ticked, as one line."""
        return ", ".join(filter(None, (one.strip() for one in self.neurons)))

    @property
    def extra(self) -> dict[str, str]:
        """The fields of actions' parameters."""
        return {name: str(value) for name, value in (self.model_extra or {}).items()}


def spelled(value: float | str) -> str:
    """A parameter as its field holds it: 2.0 is 2, True is true."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def form_of(spec: CompareSpec, name: str) -> CompareForm:
    """The form as it was when the comparison was asked for."""
    action, sampling = spec.intervention, spec.sampling
    greedy = sampling.temperature == 0
    filled: dict[str, object] = {
        "name": name, "prompt": spec.prompt, "template": spec.template, "model": spec.model_id, "source": "set",
        "set": spec.set_id, "run": action.run_id or "", "action": action.name, "positions": action.positions,
        "draws": str(spec.controls.draws), "match": spec.controls.match, "control_seed": str(spec.controls.seed),
        "mode": GREEDY if greedy else SAMPLED, "max_new_tokens": str(sampling.max_new_tokens),
        "top_p": f"{sampling.top_p:g}", "seed": str(sampling.seed), "target": spec.target or "",
        "lens_run": spec.lens_run or "none", "dtype": spec.dtype,
    }  # fmt: skip
    if not greedy:
        filled |= {"temperature": f"{sampling.temperature:g}", "samples": str(sampling.samples)}
    filled |= {f"{action.name}.{key}": spelled(value) for key, value in action.params.items()}
    return CompareForm.model_validate(filled)
