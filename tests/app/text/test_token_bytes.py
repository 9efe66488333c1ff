import json

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from app.text.token_bytes import PieceStyle, detect_style, piece_bytes, sequence_bytes

LINES = [
    "The dog sleeps in the kitchen.",
    "犬は台所で寝ている。",
    "कुत्ता रसोई में सोता है।",
    "الكلب ينام في المطبخ.",
    "สุนัขนอนในครัว",
    "개가 부엌에서 잔다 👩‍👧",
    " leading space and  two",
    "tab\tand\nline feed \u202e",
]


def style_of(tokenizer: Tokenizer) -> PieceStyle:
    return detect_style(json.loads(tokenizer.to_str()))


@pytest.fixture(scope="module")
def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        special_tokens=["<|é|>"],
    )
    tokenizer.train_from_iterator(LINES, trainer)
    return tokenizer


@pytest.fixture(scope="module")
def metaspace() -> Tokenizer:
    """As Llama 2 writes text: a space put in front, characters, bytes for what the vocabulary lacks."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=330, show_progress=False, special_tokens=["<unk>", "<s>", *(f"<0x{n:02X}>" for n in range(256))]
    )
    tokenizer.train_from_iterator(LINES[:1], trainer)
    return tokenizer


@pytest.mark.parametrize("line", LINES)
def test_byte_level_pieces_spell_the_text(byte_level: Tokenizer, line: str) -> None:
    style = style_of(byte_level)
    assert (style.kind, style.prepends_space) == ("byte_level", False)
    assert b"".join(sequence_bytes(byte_level.encode(line).tokens, style)) == line.encode()


@pytest.mark.parametrize("line", [*LINES, "añb <0xE3> ▁"])
def test_metaspace_pieces_and_bytes_spell_the_text(metaspace: Tokenizer, line: str) -> None:
    style = style_of(metaspace)
    assert style == PieceStyle("metaspace", byte_fallback=True, prepends_space=True)
    pieces = metaspace.encode(line).tokens
    spelled = b"".join(sequence_bytes(pieces, style))
    if "<0xE3>" in line or "▁" in line:
        assert spelled != line.encode()  # the vocabulary itself cannot tell these from a byte and a space
    else:
        assert spelled == line.encode()


def test_unknown_characters_come_as_single_bytes(metaspace: Tokenizer) -> None:
    style = style_of(metaspace)
    pieces = metaspace.encode("犬").tokens
    assert pieces[-3:] == ["<0xE7>", "<0x8A>", "<0xAC>"]
    assert [piece_bytes(piece, style) for piece in pieces[-3:]] == [b"\xe7", b"\x8a", b"\xac"]


def test_added_tokens_spell_themselves(byte_level: Tokenizer) -> None:
    style = style_of(byte_level)
    assert piece_bytes("<|é|>", style, added=True) == "<|é|>".encode()
    assert piece_bytes("é", style) == b"\xe9"
    assert piece_bytes("<|語|>", style) == "<|語|>".encode()


def test_every_byte_has_its_letter() -> None:
    style = PieceStyle("byte_level")
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    assert sorted(piece_bytes(letter, style) for letter in alphabet) == [bytes([n]) for n in range(256)]


@pytest.mark.parametrize("scheme", ["always", "first", "never"])
def test_metaspace_says_whether_it_puts_a_space_before(scheme: str) -> None:
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), ("▁", -1.0), ("▁a", -1.0), ("a", -1.0), ("b", -1.0)], 0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme=scheme, split=False)
    style = style_of(tokenizer)
    assert (style.kind, style.prepends_space) == ("metaspace", scheme != "never")
    for text in ("ab a", " ab", "  b"):
        pieces = tokenizer.encode(text).tokens
        assert b"".join(sequence_bytes(pieces, style, text=text)) == text.encode()


def test_the_space_goes_from_the_first_piece_of_text(metaspace: Tokenizer) -> None:
    style = style_of(metaspace)
    assert sequence_bytes(["<s>", "▁The", "▁dog"], style, [True, False, False]) == [b"<s>", b"The", b" dog"]
    assert sequence_bytes(["<s>"], style, [True]) == [b"<s>"]


def test_spaces_replaced_without_one_before() -> None:
    tokenizer = Tokenizer(models.BPE(byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    style = style_of(tokenizer)
    assert style == PieceStyle("metaspace", byte_fallback=True)
    assert sequence_bytes(["▁", "a"], style) == [b" ", b"a"]


def test_other_replacements_are_no_spaces() -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Replace("\n", " ")
    assert style_of(tokenizer).kind == "plain"


def test_word_pieces_get_their_spaces_back() -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "play": 1, "##ing": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    style = style_of(tokenizer)
    assert style == PieceStyle("wordpiece", prefix="##")
    assert sequence_bytes(tokenizer.encode("play playing").tokens, style) == [b"play", b" play", b"ing"]


def test_plain_pieces_end_words_with_a_suffix() -> None:
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    style = style_of(tokenizer)
    assert style == PieceStyle("plain", suffix="</w>")
    assert [piece_bytes(piece, style) for piece in ("pl", "ay</w>")] == [b"pl", b"ay "]


STRANGE: list[dict[str, object]] = [
    {},
    {"model": None, "decoder": [], "pre_tokenizer": "ByteLevel"},
    {"normalizer": {"type": "Sequence", "normalizers": [None, 3, {"type": "Replace", "pattern": 1}]}},
]


@pytest.mark.parametrize("content", STRANGE)
def test_a_strange_file_is_plain(content: dict[str, object]) -> None:
    assert detect_style(content).kind == "plain"
