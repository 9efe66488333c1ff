import pytest

from app.errors import BadInput
from app.text.languages import FAMILIES, canonical, language


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("ja", "ja"),
        ("jpn", "ja"),
        ("JPN", "ja"),
        ("jpn_Jpan", "ja"),
        ("nld", "nl"),
        ("dut", "nl"),
        ("cmn", "zh"),
        ("zho", "zh"),
        ("zh_cn", "zh-Hans"),
        ("zho_Hans", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-SG", "zh-Hans-SG"),
        ("zh_hk", "zh-Hant-HK"),
        ("yue", "yue"),
        ("pt-BR", "pt-BR"),
        ("pt_br", "pt-BR"),
        ("arb", "ar"),
        ("ara", "ar"),
        ("arz", "arz"),
        ("swh", "sw"),
        ("eng_Latn", "en"),
        ("iw", "he"),
        ("ind", "id"),
        ("nb", "nb"),
        ("no", "no"),
        ("sr-Latn", "sr-Latn"),
        ("srp_Cyrl", "sr"),
        ("tl", "fil"),
        (" ko ", "ko"),
    ],
)
def test_a_code_has_one_tag(code: str, tag: str) -> None:
    assert canonical(code) == tag
    assert canonical(tag) == tag


@pytest.mark.parametrize(
    "code",
    [
        "",
        "j",
        "xx",
        "english",
        "sent_id",
        "und",
        "mul",
        "qaa",
        "x-mine",
        "ja-",
        "en--US",
        "ja-ko",
        "jpn-eng",
        "en-x-mine",
        "en-u-ca-buddhist",
        "日本",
        "a" * 60,
        "ja\0",
    ],
)
def test_what_is_no_language_is_named(code: str) -> None:
    with pytest.raises(BadInput) as refused:
        canonical(code)
    assert repr(code) in str(refused.value)


def test_a_language_is_described() -> None:
    japanese = language("jpn")
    assert (japanese.code, japanese.endonym, japanese.name) == ("ja", "日本語", "Japanese")
    assert (japanese.script, japanese.direction, japanese.family) == ("Jpan", "ltr", "Japonic")
    assert language("zh_tw").endonym == "中文（繁體）"
    assert language("pt-BR").endonym == "português (Brasil)"
    assert language("pt-BR").family == "Romance"
    assert language("ay").family == "other"


@pytest.mark.parametrize(
    ("code", "direction"),
    [
        ("ar", "rtl"),
        ("he", "rtl"),
        ("fa", "rtl"),
        ("dv", "rtl"),
        ("hi", "ltr"),
        ("ja", "ltr"),
        ("az", "ltr"),
        ("pa-PK", "rtl"),
    ],
)
def test_direction_follows_the_script(code: str, direction: str) -> None:
    assert language(code).direction == direction


def test_families_are_listed_by_the_tags_we_use() -> None:
    assert [code for code in FAMILIES if canonical(code) != code] == []
    assert len(FAMILIES) > 60
