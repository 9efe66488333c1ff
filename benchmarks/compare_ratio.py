"""Normal, ablated and control texts in one batch against one plain `generate` of the same length, same model, same run.

A random Llama of 8 layers and hidden size 512 (that of `benchmarks.scan_ratio`), greedy, no end token; the set has 1 %
of the neurons of every layer, changed at all positions, the dearest choice. Medians of rounds that alternate.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from app.contracts.interventions import Sampling
from benchmarks.scan_ratio import SHAPES, VOCABULARY, Shape, bench_model, settle
from worker.model.edits import Neurons, RowEdits
from worker.model.generation import Writing
from worker.model.language_model import LanguageModel

PROMPT = 16
BUDGET, HOOK_BUDGET = 1.6, 0.10


def chosen(seed: int, shape: Shape) -> Neurons:
    """One neuron in a hundred of every layer."""
    draw = torch.Generator().manual_seed(seed)
    few = shape.neurons // 100
    return {layer: torch.randperm(shape.neurons, generator=draw)[:few].sort().values for layer in range(shape.layers)}


def zeros(_layer: int, _neurons: Tensor) -> Callable[[Tensor], Tensor]:
    """What `zero` does."""
    return torch.zeros_like


def write(model: LanguageModel, prompt: list[int], rows: list[Neurons], tokens: int) -> float:
    """Seconds of writing a batch."""
    start = time.perf_counter()
    edits = RowEdits.of(model, rows, zeros)
    writing = Writing(model, [prompt] * len(rows), edits, "all", Sampling(max_new_tokens=tokens), [0] * len(rows))
    for _ in writing.steps():
        pass
    settle()
    took = time.perf_counter() - start
    if any(len(found) != tokens for found in writing.tokens):
        raise RuntimeError("A text ended early; its time says nothing.")
    return took


def plain(model: LanguageModel, prompt: list[int], tokens: int) -> float:
    """Seconds of the library's `generate`."""
    ids = torch.tensor([prompt], device=model.network.device)
    start = time.perf_counter()
    model.network.generate(  # type: ignore[operator]
        ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=tokens, min_new_tokens=tokens
    )
    settle()
    return time.perf_counter() - start


def report(tokens: int, rounds: int, device: str) -> bool:
    """Print both ratios; whether they keep to their budgets."""
    model, shape = bench_model(device), SHAPES[device]
    model.network.generation_config.eos_token_id = None
    model.network.generation_config.pad_token_id = 0
    prompt = torch.randint(1, VOCABULARY, (PROMPT,), generator=torch.Generator().manual_seed(1)).tolist()
    three: list[Neurons] = [{}, chosen(1, shape), chosen(2, shape)]
    bare: list[Neurons] = [{}, {}, {}]
    times: dict[str, list[float]] = {"plain": [], "three": [], "bare": []}
    for number in range(rounds + 1):
        found = {
            "plain": plain(model, prompt, tokens),
            "three": write(model, prompt, three, tokens),
            "bare": write(model, prompt, bare, tokens),
        }
        if number:  # the first warms up
            for name, seconds in found.items():
                times[name].append(seconds)
    ratio = statistics.median(t / p for t, p in zip(times["three"], times["plain"], strict=True))
    hooks = statistics.median(t / b for t, b in zip(times["three"], times["bare"], strict=True)) - 1
    middle = {name: statistics.median(found) for name, found in times.items()}
    print(f"{tokens} new tokens, {device}, {torch.get_num_threads()} threads, median of {rounds} rounds:")
    print(f"  generate {middle['plain']:.2f} s; normal + ablated + control {middle['three']:.2f} s")
    print(f"  ratio {ratio:.2f}, budget {BUDGET}; hooks cost {hooks:.1%} a token, budget {HOOK_BUDGET:.0%}")
    return ratio <= BUDGET and hooks <= HOOK_BUDGET


def main() -> int:
    """Run the benchmark; 1 when over budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", choices=sorted(SHAPES), default="cpu")
    asked = parser.parse_args()
    return 0 if report(asked.tokens, asked.rounds, asked.device) else 1


if __name__ == "__main__":
    sys.exit(main())
