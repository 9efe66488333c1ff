from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.tokens import Cluster, display_clusters


def cut(text: str, *places: int) -> list[bytes]:
    data = text.encode()
    edges = [0, *places, len(data)]
    return [data[start:stop] for start, stop in pairwise(edges)]


def texts(clusters: list[Cluster]) -> list[str]:
    return [cluster.text for cluster in clusters]


def test_a_token_of_several_letters_gives_several_clusters() -> None:
    clusters = display_clusters([b"The", b" dog"])
    assert texts(clusters) == list("The dog")
    assert [cluster.first_token for cluster in clusters] == [0, 0, 0, 1, 1, 1, 1]
    assert not any(cluster.is_split for cluster in clusters)


def test_a_character_split_over_three_tokens_is_one_cluster() -> None:
    (cluster,) = display_clusters(cut("語", 1, 2))
    assert cluster == Cluster("語", 0, 2, (1, 1, 1), "語".encode())
    assert cluster.is_split


def test_a_vowel_sign_stays_with_its_consonant() -> None:
    clusters = display_clusters(["हि".encode(), "न".encode(), "्दी".encode()])
    assert texts(clusters) == ["हि", "न्दी"]
    assert clusters[1].token_parts == (3, 9)
    vowel_apart = display_clusters(["क".encode(), "ि".encode(), "ताब".encode()])
    assert texts(vowel_apart) == ["कि", "ता", "ब"]
    assert vowel_apart[0].token_parts == (3, 3)


def test_a_token_may_end_one_grapheme_and_begin_the_next() -> None:
    clusters = display_clusters(cut("日本語", 2, 4))
    assert texts(clusters) == ["日", "本", "語"]
    assert [(c.first_token, c.last_token, c.token_parts) for c in clusters] == [
        (0, 1, (2, 1)),
        (1, 2, (1, 2)),
        (2, 2, (3,)),
    ]


@pytest.mark.parametrize(
    ("text", "graphemes"),
    [
        ("مَرحَبًا", ["مَ", "ر", "حَ", "بً", "ا"]),
        ("ไม่ได้", ["ไ", "ม่", "ไ", "ด้"]),
        ("👨‍👩‍👧‍👦", ["👨‍👩‍👧‍👦"]),
        ("🇯🇵🇰🇷", ["🇯🇵", "🇰🇷"]),
        ("👍🏽!", ["👍🏽", "!"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("각", ["각"]),
        ("می\u200cخواهم", ["م", "ی\u200c", "خ", "و", "ا", "ه", "م"]),
    ],
)
def test_graphemes_are_whole_however_the_tokens_cut(text: str, graphemes: list[str]) -> None:
    one_byte_each = [bytes([byte]) for byte in text.encode()]
    for tokens in (one_byte_each, [text.encode()]):
        assert texts(display_clusters(tokens)) == graphemes


def test_what_would_hide_is_a_mark_with_its_bytes() -> None:
    clusters = display_clusters(cut("a\u202eb\r\n\t\u200f", 1, 4))
    assert texts(clusters) == ["a", "⟨U+202E⟩", "b", "⟨U+000D⟩⟨U+000A⟩", "⟨U+0009⟩", "⟨U+200F⟩"]
    assert [cluster.is_mark for cluster in clusters] == [False, True, False, True, True, True]
    assert clusters[1].raw == "\u202e".encode()


def test_a_joiner_behind_a_latin_letter_is_shown() -> None:
    (cluster,) = display_clusters(["s\u200c".encode()])
    assert (cluster.text, cluster.is_mark) == ("s⟨U+200C⟩", False)


def test_invalid_bytes_are_shown_one_by_one() -> None:
    clusters = display_clusters([b"\xe3\x81", b"ok\xff", b"\xed\xa0\x80"])
    assert texts(clusters) == ["⟨0xE3⟩", "⟨0x81⟩", "o", "k", "⟨0xFF⟩", "⟨0xED⟩", "⟨0xA0⟩", "⟨0x80⟩"]
    assert b"".join(cluster.raw for cluster in clusters) == b"\xe3\x81ok\xff\xed\xa0\x80"


def test_a_token_without_bytes_is_not_lost() -> None:
    assert [(c.text, c.first_token) for c in display_clusters([b"", b"a", b"", b""])] == [
        ("", 0),
        ("a", 1),
        ("", 2),
        ("", 3),
    ]
    (cluster,) = display_clusters([b"\xe3", b"", b"\x81\x82"])
    assert cluster.token_parts == (1, 0, 2)
    assert display_clusters([]) == []


pieces = st.one_of(
    st.binary(max_size=4),
    st.text(max_size=3).map(str.encode),
    st.sampled_from([part.encode() for part in ("ि", "\u200d", "👩", "🇯", "\u202e", "\u0301", "\r", "\n", "는")]),
)


@given(st.lists(pieces, max_size=12))
def test_bytes_and_tokens_add_up(tokens: list[bytes]) -> None:
    clusters = display_clusters(tokens)
    assert b"".join(cluster.raw for cluster in clusters) == b"".join(tokens)
    given_away = [0] * len(tokens)
    seen: set[int] = set()
    for cluster in clusters:
        assert sum(cluster.token_parts) == len(cluster.raw)
        assert len(cluster.token_parts) == cluster.last_token - cluster.first_token + 1
        assert cluster.token_parts[0] > 0 or cluster.raw == b""
        for index, part in enumerate(cluster.token_parts, start=cluster.first_token):
            given_away[index] += part
            seen.add(index)
    assert given_away == [len(token) for token in tokens]
    assert seen == set(range(len(tokens)))
    for before, after in pairwise(clusters):
        assert before.last_token <= after.first_token
