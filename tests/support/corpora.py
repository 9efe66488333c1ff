"""Corpora written in a test, and what reading them says."""

import json

import pytest

from app.errors import CorpusError
from app.text.corpora import Corpus, CorpusFile, Format, Limits, read_corpus

ENGLISH = ["The bread is warm.", "Where is the bridge?", "Snow fell all night."]
JAPANESE = ["パンが温かい。", "橋はどこですか。", "一晩中雪が降った。"]
RUSSIAN = ["Хлеб тёплый.", "Где мост?", "Всю ночь шёл снег."]
HINDI = ["रोटी गरम है।", "पुल कहाँ है?", "रात भर बर्फ़ गिरी।"]
ARABIC = ["الخبز دافئ.", "أين الجسر؟", "تساقط الثلج طوال الليل."]


def file(name: str, *lines: str, end: str = "\n") -> CorpusFile:
    return CorpusFile(name, "".join(line + end for line in lines).encode())


def pairs(name: str, left: list[str], right: list[str]) -> CorpusFile:
    return file(name, *("\t".join(pair) for pair in zip(left, right, strict=True)))


def rows(name: str, *values: object) -> CorpusFile:
    return file(name, *(json.dumps(value, ensure_ascii=False) for value in values))


def texts(corpus: Corpus, language: str) -> list[str]:
    return [sentence.text for sentence in corpus.sentences if sentence.language == language]


def groups(corpus: Corpus, language: str) -> list[str | None]:
    return [sentence.group for sentence in corpus.sentences if sentence.language == language]


def refused(*files: CorpusFile, format: Format = "auto", pivot: str | None = None, limits: Limits | None = None) -> str:
    with pytest.raises(CorpusError) as error:
        read_corpus(files, format, pivot, limits)
    return str(error.value)


THREE = (file("ja.txt", *JAPANESE), file("eng.txt", *ENGLISH), file("rus.txt", *RUSSIAN))
