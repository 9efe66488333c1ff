"""The exact bytes each token of a model's vocabulary stands for."""

import json

import tokenizers

from app.text.token_bytes import detect_style, piece_bytes
from worker.model.language_model import LanguageModel


def token_bytes(model: LanguageModel) -> list[bytes]:
    """Bytes of every token id below the number of logits; ids that the tokenizer does not know stand for nothing."""
    tokenizer = model.tokenizer
    backend = getattr(tokenizer, "backend_tokenizer", None)
    content = json.loads(backend.to_str()) if isinstance(backend, tokenizers.Tokenizer) else {}
    style = detect_style(content)
    added = set(tokenizer.get_added_vocab().values())
    pieces = {number: piece for piece, number in tokenizer.get_vocab().items()}
    size = max(model.vocabulary, max(pieces, default=0) + 1)
    return [
        piece_bytes(pieces[number], style, added=number in added) if number in pieces else b"" for number in range(size)
    ]
