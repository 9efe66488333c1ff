"""From the pieces of a tokenizer's vocabulary to the exact bytes of text that each stands for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["byte_level", "metaspace", "wordpiece", "plain"]
Json = Mapping[str, object]

_CHILDREN = ("pretokenizers", "decoders", "normalizers")
_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")


@dataclass(frozen=True, slots=True)
class PieceStyle:
    """How a tokenizer writes text in its pieces.

    byte_level: every byte is a character of GPT-2's alphabet. metaspace: characters, with `space` for a space and
    often <0xE3> for a single byte. wordpiece: `prefix` marks a piece that goes on with a word. plain: characters, with
    `suffix` at the end of a word where there is one.
    """

    kind: Kind
    space: str = "▁"
    byte_fallback: bool = False
    prepends_space: bool = False
    prefix: str = ""
    suffix: str = ""


def detect_style(tokenizer: Json) -> PieceStyle:
    """Tell the style from the content of a tokenizer.json: its model, pre-tokenizer, normalizer and decoder."""
    model = _object(tokenizer.get("model"))
    before = [*_parts(tokenizer.get("normalizer")), *_parts(tokenizer.get("pre_tokenizer"))]
    after = list(_parts(tokenizer.get("decoder")))
    byte_level = [part for part in before + after if part.get("type") == "ByteLevel"]
    if byte_level:
        added = any(part.get("add_prefix_space") is True for part in before if part in byte_level)
        return PieceStyle("byte_level", prepends_space=added)
    if model.get("type") == "WordPiece":
        return PieceStyle("wordpiece", prefix=_text(model.get("continuing_subword_prefix")) or "##")
    fallback = model.get("byte_fallback") is True or any(part.get("type") == "ByteFallback" for part in after)
    space = _space(before, after)
    if space or fallback:
        return PieceStyle("metaspace", space or "▁", fallback, any(_prepends(part) for part in before))
    return PieceStyle(
        "plain",
        prefix=_text(model.get("continuing_subword_prefix")),
        suffix=_text(model.get("end_of_word_suffix")),
    )


def piece_bytes(piece: str, style: PieceStyle, *, added: bool = False) -> bytes:
    """Return the bytes one piece stands for in the middle of a text.

    An added token, such as <|im_end|>, stands for its own spelling. For wordpiece the bytes are those of the decoded
    text: what the tokenizer lower-cased or stripped is lost.
    """
    if added:
        return piece.encode()
    if style.kind == "byte_level":
        return _from_alphabet(piece)
    if style.kind == "metaspace":
        byte = _BYTE_PIECE.fullmatch(piece) if style.byte_fallback else None
        return bytes.fromhex(byte[1]) if byte else piece.replace(style.space, " ").encode()
    if style.kind == "wordpiece":
        return piece.removeprefix(style.prefix).encode() if piece.startswith(style.prefix) else b" " + piece.encode()
    piece = piece.removeprefix(style.prefix)
    if style.suffix and piece.endswith(style.suffix):
        piece = piece.removesuffix(style.suffix) + " "
    return piece.encode()


def sequence_bytes(
    pieces: Sequence[str], style: PieceStyle, added: Sequence[bool] | None = None, text: str | None = None
) -> list[bytes]:
    """Return the bytes of each piece of a tokenised text, without the space that some tokenizers put before it.

    added: which pieces are added tokens, none if left out. text: what was tokenised, which tells a space put before
    the text from its own; without it a tokenizer that puts one is taken to have done so.
    """
    special = added or [False] * len(pieces)
    spelled = [piece_bytes(piece, style, added=one) for piece, one in zip(pieces, special, strict=True)]
    first = next((index for index, one in enumerate(special) if not one and spelled[index]), None)
    if first is None or not spelled[first].startswith(b" "):
        return spelled
    if style.prepends_space or style.kind == "wordpiece":
        whole = b"".join(spelled[first:])
        if text is None or _leading_spaces(whole) > _leading_spaces(text.encode()):
            spelled[first] = spelled[first][1:]
    return spelled


def _leading_spaces(text: bytes) -> int:
    return len(text) - len(text.lstrip(b" "))


def _alphabet() -> dict[str, int]:
    """Return GPT-2's alphabet: printable bytes of Latin-1 are themselves, the others count up from U+0100."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(0x100) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + n): byte for n, byte in enumerate(others)}


_BYTES = _alphabet()


def _from_alphabet(piece: str) -> bytes:
    try:
        return bytes(_BYTES[character] for character in piece)
    except KeyError:  # not made of bytes, so added to the vocabulary as it is
        return piece.encode()


def _parts(part: object) -> Iterator[Json]:
    """Yield a part of a tokenizer.json, or the parts of a Sequence, however deep."""
    here = _object(part)
    children = [child for name in _CHILDREN if isinstance(found := here.get(name), list) for child in found]
    if children:
        for child in children:
            yield from _parts(child)
    elif here:
        yield here


def _space(before: Sequence[Json], after: Sequence[Json]) -> str:
    """Return the character that stands for a space, empty if none does."""
    for part in (*before, *after):
        if part.get("type") == "Metaspace":
            return _text(part.get("replacement")) or "▁"
    for part in before:
        if part.get("type") == "Replace" and _pattern(part) == " ":
            return _text(part.get("content"))
    for part in after:
        if part.get("type") == "Replace" and part.get("content") == " ":
            return _pattern(part)
    return ""


def _pattern(part: Json) -> str:
    return _text(_object(part.get("pattern")).get("String"))


def _prepends(part: Json) -> bool:
    if part.get("type") == "Prepend":
        return True
    scheme = part.get("prepend_scheme")
    return part.get("type") == "Metaspace" and (
        scheme in ("always", "first") or (scheme is None and part.get("add_prefix_space", True) is True)
    )


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
