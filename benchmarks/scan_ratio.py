"""The compute core of a scan against a bare forward pass over the same sentences, and its memory.

One language and the pivot, all layers, both types, leave-one-out, contrast and activation statistics, on a random Llama
of 8 layers and hidden size 512. Reading and scoring are the functions the worker runs; nothing is stored. Each scan
stands between two bare passes, so that a machine that grows slower or faster favours neither; the processor's own time
is told beside the clock's, as it depends less on what else runs.
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

LAYERS, HIDDEN, NEURONS, HEADS, VOCABULARY = 8, 512, 1536, 8, 4096
BATCH_TOKENS = 2048
BUDGET = 1.3
ROUNDS = 3


class Spent(NamedTuple):
    """Seconds by the clock, and of processor in all threads of this process."""

    clock: float
    processor: float


def spent_by(work: Callable[[], None]) -> Spent:
    """What `work` takes."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - clock, time.process_time() - processor)


def bench_model() -> LanguageModel:
    """A random Llama with one token a word, so that sentence lengths are known."""
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=HIDDEN,
        intermediate_size=NEURONS,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        vocab_size=VOCABULARY,
    )
    vocabulary = {f"w{number}": number for number in range(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)  # type: ignore[no-untyped-call]
    return LanguageModel(LlamaForCausalLM(config), fast)


def sentences(count: int, seed: int) -> list[str]:
    """Sentences of 8 to 32 words."""
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(8, 33, (count,), generator=draw).tolist()
    return [
        " ".join(f"w{int(word)}" for word in torch.randint(1, VOCABULARY, (length,), generator=draw))
        for length in lengths
    ]


@torch.no_grad()
def bare(model: LanguageModel, texts: dict[str, list[str]]) -> Spent:
    """The batched forward passes alone, over the same batches; cutting into tokens and batches is not counted."""
    prepared = [batch for one in texts.values() for batch in batches(model, tokenise(model, one), BATCH_TOKENS)]

    def work() -> None:
        for batch in prepared:
            model.base(**batch.inputs(), use_cache=False)

    return spent_by(work)


def scan(model: LanguageModel, texts: dict[str, list[str]]) -> None:
    """Read and score one language against the pivot, from the texts on."""
    settings = PRESETS["corrected"]
    read = {key: read_sentences(model, found, settings.position, BATCH_TOKENS) for key, found in texts.items()}
    size = len(texts["xx"])
    pairs = torch.arange(size)[:, None].repeat(1, 2)
    for layer in range(model.layers):
        layer_readings = {
            key: LayerReading(
                stream=found.stream[:, layer],
                activations=found.activations[:, layer],
                output=found.states[:, layer + 1],
                target_states=found.states[:, layer + 1],
                groups=torch.arange(size),
            )
            for key, found in read.items()
        }
        score_language("xx", "en", layer_readings, pairs, model.value_vectors(layer), settings)
        sums = {key: ActivationSums.of(found.activations) for key, found in layer_readings.items()}
        eta_squared(sums, {"xx"})


def stored_bytes(count: int) -> int:
    """What a scan of two languages keeps of `count` sentences each: stream, activations, states, float32."""
    return 2 * count * (LAYERS * (HIDDEN + NEURONS) + (LAYERS + 1) * HIDDEN) * 4


def peak_rss(count: int) -> int:
    """Peak resident bytes of a fresh process that scans `count` sentences a language."""
    asked = subprocess.run(
        [sys.executable, "-m", "benchmarks.scan_ratio", "--memory", str(count)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(json.loads(asked.stdout)["peak"])


def report(count: int) -> bool:
    """Print the ratio and the growth of memory; whether both keep to their budgets."""
    model = bench_model()
    texts = {"xx": sentences(count, 1), "en": sentences(count, 2)}
    scan(model, {key: found[:64] for key, found in texts.items()})  # warm up
    alone, whole = [bare(model, texts)], []
    for _ in range(ROUNDS):
        whole.append(spent_by(lambda: scan(model, texts)))
        alone.append(bare(model, texts))
    ratio, of_processor = _ratio(whole, alone, 0), _ratio(whole, alone, 1)
    print(f"scan of one language and its pivot, {count} sentences each, {torch.get_num_threads()} threads:")
    print(f"  {whole[-1].clock:.1f} s against {alone[-1].clock:.1f} s bare; medians of {ROUNDS}, budget {BUDGET}:")
    print(f"  ratio {ratio:.2f} by the clock, {of_processor:.2f} of processor time")
    small, large = peak_rss(count // 2), peak_rss(count)
    stored = stored_bytes(count) - stored_bytes(count // 2)
    grown = large - small
    print(
        f"  peak memory grows by {grown / 1e6:.0f} MB from {count // 2} to {count}; stored {stored / 1e6:.0f} MB more"
    )
    return ratio <= BUDGET and grown <= 1.25 * stored


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
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    if asked.memory:
        scan(bench_model(), {"xx": sentences(asked.memory, 1), "en": sentences(asked.memory, 2)})
        print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
        return 0
    return 0 if report(asked.sentences) else 1


if __name__ == "__main__":
    sys.exit(main())
