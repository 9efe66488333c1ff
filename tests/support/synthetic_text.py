"""Sentences in eight languages with every kind of text that breaks pages, cut into made-up tokens."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# One frame and six words a language, so that sentence i means the same in every language.
_FRAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("The {} is older than the house.", "We saw the {} from the bridge.", "Nobody remembers who brought the {}."),
        ("lantern", "garden", "river", "clock", "letter", "market"),
    ),
    "ja": (
        ("その{}は家よりも古いです。", "橋から{}が見えました。", "誰が{}を持ってきたか、誰も覚えていません。"),
        ("提灯", "庭", "川", "時計", "手紙", "市場"),
    ),
    "ar": (
        ("{} أقدم من البيت.", "رأينا {} من فوق الجسر.", "لا أحد يتذكر من أحضر {}."),
        ("الفانوس", "الحديقة", "النهر", "الساعة", "الرسالة", "السوق"),
    ),
    "hi": (
        ("यह {} घर से भी पुरानी है।", "हमने पुल से {} देखी।", "किसी को याद नहीं कि {} कौन लाया था।"),
        ("लालटेन", "फुलवारी", "नदी", "घड़ी", "चिट्ठी", "मंडी"),
    ),
    "th": (
        ("{}เก่ากว่าบ้านหลังนี้", "เราเห็น{}จากบนสะพาน", "ไม่มีใครจำได้ว่าใครนำ{}มา"),
        ("โคมไฟ", "สวน", "แม่น้ำ", "นาฬิกา", "จดหมาย", "ตลาด"),
    ),
    "fr": (
        ("Ce lieu, {}, est plus ancien que la maison.", "Du pont, on voit {}.", "Nul ne sait qui apporta {}."),
        ("la lanterne", "le jardin", "la rivière", "l’horloge", "la lettre", "le marché"),
    ),
    "ko": (
        ("그곳의 {}은 집보다 오래되었다.", "다리에서 {}을 보았다.", "누가 {}을 가져왔는지 아무도 모른다."),
        ("등불", "정원", "강물", "시계탑", "편지글", "시장"),
    ),
    "nl": (
        ("De {} is ouder dan het huis.", "Vanaf de brug zagen we de {}.", "Niemand weet wie de {} heeft gebracht."),
        ("lantaarn", "tuin", "rivier", "klok", "brief", "markt"),
    ),
}

#: What is put behind a sentence, so that every page meets it: joined emoji, a bidi override, controls, markup.
HOSTILE: tuple[str, ...] = (
    " 👩🏽‍🔬👨‍👩‍👧‍👦 🏳️‍🌈",
    " \u202egnp.exe\u202c",
    " bell\x07 start\x01 escape\x1b[31m",
    ' <img src=x onerror="document.title=1">',
    ' =HYPERLINK("x")',
    " é = é, ﷽, 🇯🇵🇮🇳",
)


def lines(language: str, count: int) -> Iterator[str]:
    """`count` sentences; number i means the same in all languages, and every fifth carries a hostile tail."""
    frames, words = _FRAMES.get(language, _FRAMES["en"])
    for number in range(count):
        frame = frames[number % len(frames)]
        text = frame.format(words[(number // len(frames)) % len(words)])
        turn = number // (len(frames) * len(words))
        text += f" ({turn})" if turn else ""
        if number % 5 == 3:
            text += HOSTILE[(number // 5) % len(HOSTILE)]
        yield text


@dataclass(frozen=True)
class Vocabulary:
    """Exact bytes of each token; id 0 is the mark of the beginning, whose bytes are in no text."""

    pieces: tuple[bytes, ...]

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """(uint8 [sum], int64 [vocabulary + 1])."""
        lengths = [len(piece) for piece in self.pieces]
        return np.frombuffer(b"".join(self.pieces), np.uint8).copy(), np.concatenate([[0], np.cumsum(lengths)])


class Cutter:
    """Cuts text into pieces of a few bytes, through characters and graphemes where it happens to fall so."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._ids: dict[bytes, int] = {b"<s>": 0}

    def tokens(self, text: str) -> list[int]:
        """Token ids of `text`, the mark of the beginning first; their bytes joined are the text's UTF-8."""
        raw, at, ids = text.encode(), 0, [0]
        while at < len(raw):
            step = int(self._random.integers(2, 8)) if raw[at] < 128 else int(self._random.integers(2, 7))
            ids.append(self._ids.setdefault(raw[at : at + step], len(self._ids)))
            at += step
        return ids

    def vocabulary(self) -> Vocabulary:
        """Every piece met so far, in order of id."""
        return Vocabulary(tuple(self._ids))
