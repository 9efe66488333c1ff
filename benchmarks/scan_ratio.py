"""The compute core of a scan against a bare forward pass over the same sentences, and its memory.

One language and the pivot, all layers, both types, leave-one-out, contrast and activation statistics, on a random Llama
of 8 layers and hidden size 512; `--device cuda` takes one of 24 layers and hidden size 2,048 in bfloat16. Reading and
scoring are the functions the worker runs; nothing is stored. Each scan stands between two bare passes, so that a
machine that grows slower or faster favours neither; the processor's own time is told beside the clock's, as it depends
less on what else runs.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from app.contracts.jobs import PRESETS
from worker.analyses.layer_scores import LayerReading, score_language
from worker.model.batches import batches, tokenise
from worker.model.language_model import LanguageModel
from worker.model.reading import read_sentences
from worker.numerics.statistics import ActivationSums, eta_squared

VOCABULARY = 4096
BUDGET = 1.3
ROUNDS = 3


class Shape(NamedTuple):
    """The random model, and how many tokens it reads at once."""

    layers: int
    hidden: int
    neurons: int
    heads: int
    batch_tokens: int
    dtype: torch.dtype


SHAPES = {
    "cpu": Shape(8, 512, 1536, 8, 2048, torch.float32),
    "cuda": Shape(24, 2048, 5632, 16, 16384, torch.bfloat16),
}


class Spent(NamedTuple):
    """Seconds by the clock, and of processor in all threads of this process."""

    clock: float
    processor: float


def settle() -> None:
    """Wait for what an accelerator was asked to compute."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def spent_by(work: Callable[[], None]) -> Spent:
    """What `work` takes."""
    settle()
    clock, processor = time.perf_counter(), time.process_time()
    work()
    settle()
    return Spent(time.perf_counter() - clock, time.process_time() - processor)


def bench_model(device: str = "cpu") -> LanguageModel:
    """A random Llama with one token a word, so that sentence lengths are known."""
    torch.manual_seed(0)
    shape = SHAPES[device]
    config = LlamaConfig(
        hidden_size=shape.hidden,
        intermediate_size=shape.neurons,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        vocab_size=VOCABULARY,
    )
    vocabulary = {f"w{number}": number for number in range(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)  # type: ignore[no-untyped-call]
    with torch.device(device):
        network = torch.nn.Module.to(LlamaForCausalLM(config), dtype=shape.dtype)
    return LanguageModel(network, fast)


def sentences(count: int, seed: int) -> list[str]:
    """Sentences of 8 to 32 words."""
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(8, 33, (count,), generator=draw).tolist()
    return [
        " ".join(f"w{int(word)}" for word in torch.randint(1, VOCABULARY, (length,), generator=draw))
        for length in lengths
    ]


@torch.no_grad()
def bare(model: LanguageModel, texts: dict[str, list[str]], batch_tokens: int) -> Spent:
    """The batched forward passes alone, over the same batches; cutting into tokens and batches is not counted."""
    prepared = [batch for one in texts.values() for batch in batches(model, tokenise(model, one), batch_tokens)]

    def work() -> None:
        for batch in prepared:
            model.base(**batch.inputs(), use_cache=False)

    return spent_by(work)


def scan(model: LanguageModel, texts: dict[str, list[str]], batch_tokens: int) -> None:
    """Read and score one language against the pivot, from the texts on."""
    settings = PRESETS["corrected"]
    read = {key: read_sentences(model, found, settings.position, batch_tokens) for key, found in texts.items()}
    size = len(texts["xx"])
    pairs = torch.arange(size)[:, None].repeat(1, 2)
    for layer in range(model.layers):
        layer_readings = {
            key: LayerReading(
                stream=found.stream[:, layer].to(model.device),
                activations=found.activations[:, layer].to(model.device),
                output=found.states[:, layer + 1].to(model.device),
                target_states=found.states[:, layer + 1].to(model.device),
                groups=torch.arange(size),
            )
            for key, found in read.items()
        }
        score_language("xx", "en", layer_readings, pairs, model.value_vectors(layer), settings)
        sums = {key: ActivationSums.of(found.activations) for key, found in layer_readings.items()}
        eta_squared(sums, {"xx"})


def stored_bytes(count: int) -> int:
    """What a scan of two languages keeps of `count` sentences each: stream, activations, states, float32."""
    shape = SHAPES["cpu"]
    return 2 * count * (shape.layers * (shape.hidden + shape.neurons) + (shape.layers + 1) * shape.hidden) * 4


def peak_rss(count: int) -> int:
    """Peak resident bytes of a fresh process that scans `count` sentences a language."""
    asked = subprocess.run(
        [sys.executable, "-m", "benchmarks.scan_ratio", "--memory", str(count)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(json.loads(asked.stdout)["peak"])


def report(count: int, device: str) -> bool:
    """Print the ratio and, on a processor, the growth of memory; whether both keep to their budgets."""
    ratio = report_ratio(count, device)
    return ratio <= BUDGET and (device != "cpu" or report_memory(count))


def report_ratio(count: int, device: str) -> float:
    """Print and give the ratio."""
    model, together = bench_model(device), SHAPES[device].batch_tokens
    texts = {"xx": sentences(count, 1), "en": sentences(count, 2)}
    scan(model, {key: found[:64] for key, found in texts.items()}, together)  # warm up
    alone, whole = [bare(model, texts, together)], []
    for _ in range(ROUNDS):
        whole.append(spent_by(lambda: scan(model, texts, together)))
        alone.append(bare(model, texts, together))
    ratio, of_processor = _ratio(whole, alone, 0), _ratio(whole, alone, 1)
    print(f"scan of one language and its pivot, {count} sentences each, {device}, {torch.get_num_threads()} threads:")
    print(f"  {whole[-1].clock:.1f} s against {alone[-1].clock:.1f} s bare; medians of {ROUNDS}, budget {BUDGET}:")
    print(f"  ratio {ratio:.2f} by the clock, {of_processor:.2f} of processor time")
    return ratio


def report_memory(count: int) -> bool:
    """Print how peak memory grows with the sentences; whether by no more than is stored of them."""
    small, large = peak_rss(count // 2), peak_rss(count)
    stored = stored_bytes(count) - stored_bytes(count // 2)
    grown = large - small
    print(
        f"  peak memory grows by {grown / 1e6:.0f} MB from {count // 2} to {count}; stored {stored / 1e6:.0f} MB more"
    )
    return grown <= 1.25 * stored


def _ratio(whole: list[Spent], alone: list[Spent], part: int) -> float:
    """The median over scans of its time over the mean of the bare passes before and after it."""
    return statistics.median(
        2 * one[part] / (before[part] + after[part])
        for one, before, after in zip(whole, alone, alone[1:], strict=False)
    )


def main() -> int:
    """Run the benchmark; 1 when over budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--memory", type=int, default=0, help="only tell the peak memory of a scan of so many")
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: as many as it takes by itself")
    parser.add_argument("--device", choices=sorted(SHAPES), default="cpu")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    if asked.memory:
        texts = {"xx": sentences(asked.memory, 1), "en": sentences(asked.memory, 2)}
        scan(bench_model(), texts, SHAPES["cpu"].batch_tokens)
        print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
        return 0
    return 0 if report(asked.sentences, asked.device) else 1


if __name__ == "__main__":
    sys.exit(main())
