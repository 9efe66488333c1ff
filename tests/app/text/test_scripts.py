import pytest

from app.errors import BadInput
from app.text.scripts import count_letters, dominant_script, expected_scripts, script_of, wrong_script


@pytest.mark.parametrize(
    ("letter", "script"),
    [
        ("a", "Latn"),
        ("ж", "Cyrl"),
        ("水", "Hani"),
        ("ひ", "Hira"),
        ("カ", "Kana"),
        ("글", "Hang"),
        ("ก", "Thai"),
        ("ह", "Deva"),
        ("ب", "Arab"),
        ("ኢ", "Ethi"),
        ("1", None),
        ("。", None),
        ("ー", None),
        ("ी", None),
    ],
)
def test_a_letter_has_a_script(letter: str, script: str | None) -> None:
    assert script_of(letter) == script


def test_letters_are_counted_by_script() -> None:
    assert count_letters("東京でTom 3時") == {"Hani": 3, "Hira": 1, "Latn": 3}
    assert dominant_script("東京でTomに会ったよ") == "Hira"
    assert dominant_script("Это test") == "Latn"
    assert dominant_script("12 %") is None


def test_a_language_has_its_scripts() -> None:
    assert expected_scripts("jpn") == {"Hani", "Hira", "Kana"}
    assert expected_scripts("ko") == {"Hang", "Hani"}
    assert expected_scripts("zh") == expected_scripts("zh-Hant") == {"Hani"}
    assert expected_scripts("sr") == {"Cyrl"}
    assert expected_scripts("sr-Latn") == {"Latn"}
    with pytest.raises(BadInput, match="klingonese"):
        expected_scripts("klingonese")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ar", "El perro duerme en la cocina."),
        ("af", "سگ در آشپزخانه می‌خوابد."),
        ("hy", "Shune kunats e khohanotsum."),
        ("km", "Chhkae keng knong phteah bay"),
        ("ja", "犬が寝ている。(inu ga daidokoro de nete iru)"),
        ("ja", "개가 부엌에서 자고 있다"),
        ("zh", "犬はだいどころでねている"),
        ("ko", "The dog sleeps."),
        ("en", "Собака спит на кухне"),
        ("sr-Latn", "Пас спава у кухињи"),
    ],
)
def test_a_line_in_another_script_is_noticed(code: str, text: str) -> None:
    assert wrong_script(text, code)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ja", "犬は台所で寝ている。"),
        ("ja", "ジョンは Stratford-upon-Avon に住む。"),
        ("zh", "我叫Wilhelmina。"),
        ("ko", "개가 부엌에서 잔다"),
        ("ko", "大韓民國"),
        ("hi", "कुत्ता रसोई में सोता है।"),
        ("th", "ผมชื่อ Bartholomew"),
        ("ar", "الكلب ينام 3 ساعات"),
        ("vi", "Con chó ngủ trong bếp."),
        ("en", "The letter Ω and the word naïve"),
        ("ru", "В 1999 году Microsoft"),
        ("ja", "12:30"),
        ("ja", ""),
    ],
)
def test_names_and_numbers_do_no_harm(code: str, text: str) -> None:
    assert not wrong_script(text, code)
