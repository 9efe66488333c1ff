"""Trains the demo tokenizer: BPE with byte fallback, split where the script changes."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

from demo.world.documents import Writer, plain
from demo.world.polyglot import World

UNKNOWN, START, END, PADDING = SPECIAL = ("<unk>", "<s>", "</s>", "<pad>")
BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
SIZE = 3584
SCRIPTS = r"▁?\p{Latin}+(?:'(?!s▁))?|'s|▁?\p{Han}+|▁?[\p{Katakana}ー]+|▁?\p{Hiragana}+|▁?\p{Hangul}+|▁?[^\s\p{L}▁]|\s|▁"


def rules(tokenizer: Tokenizer) -> None:
    """Spaces become ▁ before splitting and come back when decoding; nothing is added or stripped."""
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(SCRIPTS), "isolated")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])


def stems(world: World) -> list[str]:
    """Korean nouns and names, longest first, so that particles are learnt apart from them."""
    tables = ("nouns", "people", "countries", "professions", "words")
    forms = {part for table in tables for entry in world.lexicon.table(table).values() for part in entry.words("ko")}
    forms |= {place.forms["ko"] for place in world.lexicon.places.values()}
    return sorted(forms, key=lambda form: (-len(form), form))


def unstick(piece: str, korean: list[str]) -> list[str]:
    """Split a Korean noun from what is stuck to its end; other pieces stay whole."""
    bare = piece.removeprefix("▁")
    if not bare or not "가" <= bare[0] <= "힣":
        return [piece]
    for stem in korean:
        if bare.startswith(stem) and bare != stem:
            cut = len(piece) - len(bare) + len(stem)
            return [piece[:cut], piece[cut:]]
    return [piece]


def type_counts(world: World, documents: int, seed: int) -> Counter[str]:
    """How often each pre-token occurs in a sample of the training text."""
    writer = Writer(world, random.Random(seed))
    tokenizer = Tokenizer(BPE())
    rules(tokenizer)
    counts: Counter[str] = Counter()
    for _ in range(documents):
        text = plain(writer.document()).replace(" ", "▁")
        counts.update(piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text))
    return counts


def train_tokenizer(world: World, seed: int, documents: int = 40_000) -> PreTrainedTokenizerFast:
    """Train on word types weighted by the square root of their counts."""
    korean = stems(world)
    weights: Counter[str] = Counter()
    for piece, count in sorted(type_counts(world, documents, seed).items()):
        for part in unstick(piece, korean):
            weights[part] += math.ceil(math.sqrt(count))

    def words() -> Iterator[list[str]]:
        for piece, weight in sorted(weights.items()):
            yield [piece] * weight

    learner = Tokenizer(BPE())
    learner.pre_tokenizer = pre_tokenizers.Split(Regex(r"\x00"), "removed")
    trainer = BpeTrainer(vocab_size=SIZE - len(SPECIAL) - len(BYTES), special_tokens=[], show_progress=False)
    learner.train_from_iterator((word for batch in words() for word in batch), trainer)
    return assemble(learner)


def assemble(learner: Tokenizer) -> PreTrainedTokenizerFast:
    """Put special tokens first, learnt pieces next, bytes last, and add `<s>` in front of every text."""
    model = json.loads(learner.to_str())["model"]
    learnt = sorted(model["vocab"], key=model["vocab"].get)
    vocabulary = {token: index for index, token in enumerate((*SPECIAL, *learnt, *BYTES))}
    merges = [tuple(merge) for merge in model["merges"]]
    tokenizer = Tokenizer(BPE(vocabulary, merges, unk_token=UNKNOWN, byte_fallback=True))
    rules(tokenizer)
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        unk_token=UNKNOWN,
        bos_token=START,
        eos_token=END,
        pad_token=PADDING,
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )


def save(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json."""
    tokenizer.save_pretrained(folder)
