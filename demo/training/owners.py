"""Which tokens belong to one language alone, by how often each language's own text uses them."""

from __future__ import annotations

import random

import torch
from torch import Tensor

from demo.training.stream import Encoder
from demo.world.documents import Writer, plain
from demo.world.lexicon import LANGUAGES
from demo.world.polyglot import World

DOCUMENTS = 1000
CERTAIN = 0.9


def token_owners(world: World, encoder: Encoder, vocabulary: int) -> Tensor:
    """1 where more than nine tenths of a token's uses are in one language, [vocabulary, languages]; else 0."""
    counts = torch.zeros(vocabulary, len(LANGUAGES))
    for place, language in enumerate(LANGUAGES):
        writer = Writer(world, random.Random(f"owners {language}"))
        for _ in range(DOCUMENTS):
            for document in (writer.story(language), writer.fact_list(language), writer.fact_questions(language)):
                ids = torch.tensor(encoder.ids(plain(document)))
                counts[:, place].index_add_(0, ids, torch.ones(len(ids)))
    share = counts / counts.sum(1, keepdim=True).clamp_min(1)
    return (share > CERTAIN).float()
