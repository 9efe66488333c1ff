"""“Copy as Python”: the scripts of comparisons run with torch and transformers alone and print the same tokens."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from app.comparisons.script import python_script
from app.contracts.comparisons import CompareResult, CompareSpec, Output
from app.contracts.interventions import Intervention, Positions, Sampling, Template
from app.contracts.provenance import Provenance
from app.contracts.verdicts import TextVerdict, Verdict
from tests.worker.tiny_models import make_tiny
from worker.model.edits import RowEdits
from worker.model.generation import Writing
from worker.model.language_model import LanguageModel
from worker.model.loading import load
from worker.model.prompts import prompted

ROOT = Path(__file__).parents[3]
SET, CONTROL = {0: [1, 5, 9, 30], 2: [0, 7]}, {0: [2, 4, 11, 40], 2: [3, 8]}
MEANS = torch.randn(64, 4096, generator=torch.Generator().manual_seed(4))
RUN_ALL = """
import contextlib, io, pathlib, sys
for name, model in zip(sys.argv[1::2], sys.argv[2::2]):
    sys.argv[1:] = [model]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(pathlib.Path(name).read_text(), name, "exec"), {"__name__": "__main__"})
    pathlib.Path(name + ".out").write_text(said.getvalue())
left = {name.partition(".")[0] for name in sys.modules}
assert not left & {"app", "worker", "pydantic_settings", "sqlalchemy", "fastapi", "dbos"}, left
"""

# model, positions, intervention, its parameters, sampling, template
CASES: tuple[tuple[str, Positions, str, dict[str, Any], Sampling, Template], ...] = (
    ("llama", "prompt_last", "zero", {}, Sampling(max_new_tokens=12), "raw"),
    ("llama", "prompt", "scale", {"factor": -2.5}, Sampling(max_new_tokens=12), "raw"),
    ("llama", "prompt_but_first", "mean", {}, Sampling(max_new_tokens=12), "raw"),
    ("llama", "generated", "zero", {}, Sampling(max_new_tokens=12), "raw"),
    ("llama", "all", "transplant", {"language": "ja"}, Sampling(max_new_tokens=200), "raw"),
    ("llama", "all", "clamp", {"low": -0.01, "high": 0.02}, Sampling(max_new_tokens=12), "raw"),
    ("llama", "all", "zero", {}, Sampling(max_new_tokens=20, temperature=0.9, top_p=0.8, samples=3, seed=5), "raw"),
    ("gpt2", "all", "scale", {"factor": 6.0}, Sampling(max_new_tokens=12, temperature=1.3, samples=2), "raw"),
    ("gemma2", "prompt", "scale", {"factor": 8.0}, Sampling(max_new_tokens=12), "raw"),
    ("llama", "prompt", "zero", {}, Sampling(max_new_tokens=10), "chat"),
    ("demo", "all", "zero", {}, Sampling(max_new_tokens=16), "raw"),
)  # fmt: skip
CHAT = "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {"demo": ROOT / "demo" / "model"}
    for name in ("llama", "gpt2", "gemma2"):
        found[name] = make_tiny(name, tmp_path_factory.mktemp(name))
        (found[name] / "chat_template.jinja").write_text(CHAT)
    return found


def wide(model: LanguageModel, neurons: dict[int, list[int]]) -> dict[int, torch.Tensor]:
    """The set; in the demo model as many neurons as it takes to change the text."""
    if model.neurons < 100:
        return {layer: torch.tensor(chosen) for layer, chosen in neurons.items()}
    first = 0 if neurons is SET else model.neurons // 2
    return {layer: torch.arange(first, first + model.neurons // 3) for layer in range(model.layers // 2, model.layers)}


def written(model: LanguageModel, spec: CompareSpec) -> tuple[CompareResult, list[tuple[int, int]], dict[Any, float]]:
    """What the worker writes for the spec; the set's neurons, and what those of set and control are replaced by."""
    action, sampling = spec.intervention, spec.sampling

    def make(layer: int, neurons: torch.Tensor) -> Any:
        means = MEANS[layer, neurons]
        return {
            "zero": torch.zeros_like,
            "scale": lambda old: old * action.params["factor"],
            "clamp": lambda old: old.clamp(action.params["low"], action.params["high"]),
        }.get(action.name, means.expand_as)

    chosen, control = wide(model, SET), wide(model, CONTROL)
    prompt = prompted(model, spec.prompt, spec.template)
    outputs = []
    for sample in range(sampling.samples):
        edits = RowEdits.of(model, [{}, chosen, control], make)
        writing = Writing(model, [prompt.ids] * 3, edits, action.positions, sampling, [sample] * 3)
        list(writing.steps())
        for role, tokens, stop in zip(("normal", "ablated", "control"), writing.tokens, writing.stops, strict=True):
            verdict = TextVerdict(whole=Verdict(language=None))
            outputs.append(Output(role=role, sample=sample, tokens=tuple(tokens), pieces=("",) * len(tokens), text="",
                                  stop=stop or "length", verdict=verdict))  # fmt: skip
    pairs, others = pairs_of(chosen), pairs_of(control)
    result = CompareResult(
        prompt_tokens=prompt.ids, prompt_pieces=(), prompt_text=prompt.text, outputs=tuple(outputs), forced=(),
        metrics=(),
        control_neurons=(tuple(others),), target=None, seconds=1, tokens_per_second=1,
    )  # fmt: skip
    values = {}
    if action.name in ("mean", "transplant"):
        values = {(layer, neuron): float(MEANS[layer, neuron]) for layer, neuron in (*pairs, *others)}
    return result, pairs, values


def pairs_of(neurons: dict[int, torch.Tensor]) -> list[tuple[int, int]]:
    return [(layer, int(neuron)) for layer, chosen in neurons.items() for neuron in chosen]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_scripts_print_the_tokens_of_their_comparisons(folders: dict[str, Path], tmp_path: Path) -> None:
    models = {name: load(str(folder)) for name, folder in folders.items()}
    expected, arguments = [], []
    for number, (name, positions, action, params, sampling, template) in enumerate(CASES):
        spec = CompareSpec(
            experiment_id="e", model_id="m", set_id="s", template=template, sampling=sampling,
            prompt='The "cat" sleeps\\n 猫 \u202e' if name != "demo" else "De kat slaapt",
            intervention=Intervention(name=action, params=params, positions=positions, run_id="r"),
        )  # fmt: skip
        result, neurons, values = written(models[name], spec)
        found = Provenance(model="somewhere/else", software="Babelscope", dtype=str(models[name].network.dtype)[6:])
        code = python_script(f'A """title""" \\{number}', spec, result, neurons, found, values)
        imports = {
            alias.name if isinstance(node, ast.Import) else node.module
            for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }  # fmt: skip
        assert imports == {"sys", "torch", "transformers"}
        script = tmp_path / f"{number}.py"
        script.write_text(code)
        expected.append([f"{output.role} {list(output.tokens)}" for role in ("normal", "ablated", "control")
                         for output in result.outputs if output.role == role])  # fmt: skip
        arguments += [str(script), str(folders[name])]
    subprocess.run([sys.executable, "-I", "-c", RUN_ALL, *arguments], cwd=tmp_path, check=True)
    told = [(tmp_path / f"{number}.py.out").read_text() for number in range(len(CASES))]
    for case, wanted, said in zip(CASES, expected, told, strict=True):
        printed = [line for line in said.splitlines() if line.split(" [")[0] in ("normal", "ablated", "control")]
        assert printed == wanted, case
    changed = [len({line.split(" ", 1)[1] for line in wanted}) > 1 for wanted in expected]
    assert sum(changed) >= len(CASES) - 2, "the interventions change the texts, or equal tokens would prove nothing"
