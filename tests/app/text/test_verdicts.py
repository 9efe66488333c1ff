"""Verdicts on real sentences of many scripts: languages, lines, stretches, switches, thoughts, passes, short text."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.errors import BadInput
from app.text import identify
from app.text.verdicts import judge, pass_rates

SENTENCES = {
    "en": "The children walked home slowly because the rain had finally stopped.",
    "de": "Die Kinder gingen langsam nach Hause, weil der Regen endlich aufgehört hatte.",
    "nl": "De kinderen liepen langzaam naar huis omdat het eindelijk niet meer regende.",
    "fr": "Les enfants rentraient lentement chez eux parce que la pluie avait enfin cessé.",
    "it": "I bambini tornavano a casa lentamente perché finalmente aveva smesso di piovere.",
    "es": "Los niños volvieron despacio a casa porque por fin había dejado de llover.",
    "pt": "As crianças voltaram devagar para casa porque finalmente tinha parado de chover.",
    "pl": "Dzieci powoli wracały do domu, bo deszcz wreszcie przestał padać.",
    "tr": "Çocuklar yağmur sonunda dindiği için yavaş yavaş eve yürüdüler.",
    "vi": "Bọn trẻ đi bộ chậm rãi về nhà vì cuối cùng trời đã tạnh mưa.",
    "sw": "Watoto walirudi nyumbani polepole kwa sababu mvua ilikuwa imekoma hatimaye.",
    "ru": "Дети медленно шли домой, потому что дождь наконец закончился.",
    "uk": "Діти повільно йшли додому, бо дощ нарешті закінчився.",
    "el": "Τα παιδιά γύρισαν αργά στο σπίτι, γιατί η βροχή είχε επιτέλους σταματήσει.",
    "ar": "عاد الأطفال إلى البيت ببطء لأن المطر توقف أخيرا.",
    "fa": "بچه‌ها آهسته به خانه برگشتند چون باران بالاخره بند آمده بود.",
    "he": "הילדים הלכו הביתה לאט כי הגשם סוף סוף נפסק.",
    "hi": "बच्चे धीरे-धीरे घर लौट गए क्योंकि बारिश आखिरकार रुक गई थी।",
    "bn": "বৃষ্টি অবশেষে থেমে যাওয়ায় শিশুরা ধীরে ধীরে বাড়ি ফিরল।",
    "ta": "மழை நின்றதால் குழந்தைகள் மெதுவாக வீட்டிற்கு நடந்தனர்.",
    "th": "เด็กๆ เดินกลับบ้านช้าๆ เพราะในที่สุดฝนก็หยุดตก",
    "zh": "因为雨终于停了，孩子们慢慢地走回家。",
    "ja": "雨がようやく止んだので、子供たちはゆっくり家に帰りました。",
    "ko": "비가 마침내 그쳐서 아이들은 천천히 집으로 걸어갔습니다.",
}
DEMO = Path(__file__).parents[3] / "demo" / "corpus"


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_in_its_language(code):
    verdict = judge(SENTENCES[code], target=code)
    assert verdict.whole.language == code
    assert verdict.whole.confidence >= 0.5
    assert (verdict.in_target, verdict.line_pass) == (True, True)
    assert [span.language for span in verdict.spans] == [code]
    assert verdict.switch is None
    first, last = verdict.spans[0].start, verdict.spans[-1].end
    assert SENTENCES[code][first:last].strip(" .。।") == SENTENCES[code].strip(" .。।")


@pytest.mark.parametrize(
    ("code", "other"), [("en", "nl"), ("ja", "zh"), ("zh", "ja"), ("ar", "fa"), ("ru", "uk"), ("ko", "en")]
)
def test_another_language_misses_the_target(code, other):
    verdict = judge(SENTENCES[code], target=other)
    assert (verdict.in_target, verdict.line_pass) == (False, False)
    assert verdict.switch is not None
    assert verdict.switch.language == code


@pytest.mark.parametrize("language", ["en", "it", "ja", "ko", "nl"])
def test_one_sentence_of_the_demo_is_told(language):
    lines = (DEMO / f"{language}.txt").read_text("utf-8").splitlines()[:400:4]
    found = [judge(line, target=language, hints=("en", "it", "ja", "ko", "nl")).in_target for line in lines]
    assert found.count(False) == 0
    assert found.count(True) >= 0.95 * len(lines)  # the rest has fewer than 20 letters


def test_a_code_names_the_language_however_it_is_spelled():
    assert judge(SENTENCES["pt"], target="pt-BR").in_target
    assert judge(SENTENCES["zh"], target="cmn_Hans").in_target
    with pytest.raises(BadInput, match="not a language code"):
        judge("Hello there.", target="klingon!")


# --- too short, or nothing to judge ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "No letters."),
        ("12 345,67 + 8 = ?", "No letters."),
        ("😀🎉 👍🏽", "No letters."),
        ("Yes, that is.", "3 words, 9 letters; needs 10."),
        ("东京", "2 letters; needs 6."),
        ("```python\nfor name in names:\n    print(name, end='')\n```", "No letters."),
        ("See https://example.org/a-long/path/of-words", "1 word, 3 letters; needs 10."),
    ],
)
def test_what_is_not_determined_says_why(text, reason):
    verdict = judge(text, target="en")
    assert verdict.whole.language is None
    assert verdict.whole.reason == reason
    assert (verdict.in_target, verdict.line_pass, verdict.switch) == (None, None, None)


@pytest.mark.parametrize(("text", "code"), [("はい", "ja"), ("네, 그래요", "ko"), ("ครับ", "th"), ("Ναι", "el")])
def test_a_script_of_one_language_needs_two_letters(text, code):
    assert judge(text).whole.language == code


def test_a_short_text_in_a_foreign_script_cannot_be_the_target():
    verdict = judge("yes, that", target="ja")
    assert verdict.whole.language is None
    assert verdict.in_target is False
    assert judge("Tokyo", target="ja").in_target is False  # nothing Japanese about it
    assert judge("東京 Tokyo", target="ja").in_target is None


# --- lines, stretches, switches --------------------------------------------------------------------------------------
def test_lines_are_judged_apart_and_point_into_the_text():
    text = f"{SENTENCES['ja']}\n\n{SENTENCES['en']}\r\nok"
    verdict = judge(text, target="ja")
    assert [line.language for line in verdict.lines] == ["ja", "en", None]
    assert text[verdict.lines[1].start : verdict.lines[1].end] == SENTENCES["en"]
    assert verdict.line_pass is False
    assert judge(f"{SENTENCES['ja']}\nok", target="ja").line_pass is True  # a line too short to judge fails nothing


def test_latin_words_in_a_japanese_line_are_a_stretch():
    text = "昨日の夜、Netflix でとても面白い映画を見ました。"
    verdict = judge(text, target="ja")
    assert [(span.language, span.script) for span in verdict.spans] == [("ja", "Jpan"), (None, "Latn"), ("ja", "Jpan")]
    assert text[verdict.spans[1].start : verdict.spans[1].end] == "Netflix"
    assert (verdict.line_pass, verdict.word_pass, verdict.switch) == (True, True, None)


def test_a_switch_inside_a_line_is_found_at_its_word_and_token():
    first, second = SENTENCES["it"], SENTENCES["nl"]
    text = f"{first} {second}"
    words = text.split(" ")
    pieces = [words[0], *(f" {word}" for word in words[1:])]
    switch = judge(text, target="it", pieces=pieces).switch
    assert switch is not None
    assert switch.language == "nl"
    assert abs(switch.character - len(first) - 1) <= 6
    assert abs((switch.token or 0) - len(first.split(" "))) <= 1


def test_a_switch_of_script_is_exact_and_right_to_left_counts_in_reading_order():
    text = f"{SENTENCES['ar']} {SENTENCES['en']}"
    pieces = list(text)
    switch = judge(text, target="ar", pieces=pieces).switch
    assert switch is not None
    assert (switch.character, switch.token, switch.language) == (
        len(SENTENCES["ar"]) + 1,
        len(SENTENCES["ar"]) + 1,
        "en",
    )
    unplaced = judge(text, target="ar", pieces=["something", "else"]).switch
    assert unplaced is not None
    assert unplaced.token is None
    untargeted = judge(text).switch
    assert untargeted is not None
    assert untargeted.language == "en"  # without a target it leaves its first language


def test_pieces_may_begin_with_the_space_that_the_text_lost():
    text = f"{SENTENCES['ko']} {SENTENCES['en']}"
    switch = judge(text, target="ko", pieces=["  ", SENTENCES["ko"], " ", SENTENCES["en"]]).switch
    assert switch is not None
    assert switch.token == 3


# --- thoughts --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("opening", ["<think>", ""])
def test_thoughts_and_answer_are_judged_apart(opening):
    text = f"{opening}{SENTENCES['en']}\n{SENTENCES['en']}</think>\n{SENTENCES['ko']}"
    verdict = judge(text, target="ko")
    assert verdict.thinking is not None
    assert verdict.answer is not None
    assert (verdict.thinking.language, verdict.answer.language) == ("en", "ko")
    assert (verdict.in_target, verdict.line_pass, verdict.switch) == (True, True, None)


def test_thoughts_without_an_end_leave_no_answer():
    verdict = judge(f"<think>{SENTENCES['zh']}", target="zh")
    assert verdict.thinking is not None
    assert verdict.answer is not None
    assert (verdict.thinking.language, verdict.answer.language, verdict.in_target) == ("zh", None, None)


# --- passes ----------------------------------------------------------------------------------------------------------
def test_an_english_word_among_another_script_fails_by_word():
    good, bad = SENTENCES["zh"], "因为雨终于停了，孩子们慢慢地 walking 回家。"
    assert judge(good, target="zh").word_pass is True
    assert judge(bad, target="zh").line_pass is True
    assert judge(bad, target="zh").word_pass is False
    assert judge(SENTENCES["de"], target="de").word_pass is None  # not judged among Latin letters


def test_pass_rates_are_the_shares_of_the_verdicts():
    texts = [
        SENTENCES["ja"],
        SENTENCES["en"],
        f"{SENTENCES['ja']} because",
        "はい、",
        "12",
        f"{SENTENCES['ja']}\n{SENTENCES['en']}",
    ]
    verdicts = [judge(text, target="ja") for text in texts]
    rates = pass_rates(verdicts, "ja")
    assert (rates.outputs, rates.judged, rates.undetermined) == (6, 5, 1)
    assert rates.line_pass_rate == 3 / 5
    assert rates.word_pass_rate == 2 / 3
    assert rates.language_rate == sum(v.in_target is True for v in verdicts) / 5
    empty = pass_rates([], "ja")
    assert (empty.line_pass_rate, empty.word_pass_rate, empty.language_rate) == (None, None, None)


def test_code_fails_no_line():
    text = f"{SENTENCES['ru']}\n```\nreturn the value of something very long here\n```\n{SENTENCES['ru']}"
    assert judge(text, target="ru").line_pass is True


# --- identifier ------------------------------------------------------------------------------------------------------
def test_hints_lean_but_hide_no_language():
    text = "De vis slaapt op de markt."
    plain, leaning = (dict(identify.rank(text, "Latn", hints)) for hints in ((), {"nl", "en"}))
    assert leaning["nl"] > plain["nl"]
    assert judge(SENTENCES["sw"], hints=("nl", "en", "it")).whole.language == "sw"


def test_probabilities_sum_to_one_and_scripts_have_their_languages():
    assert sum(share for _, share in identify.rank(SENTENCES["de"], "Latn")) == pytest.approx(1)
    assert identify.languages_of("Thai") == {"th"}
    assert {"ru", "uk", "sr"} <= identify.languages_of("Cyrl")
    assert "sr" in identify.languages_of("Latn")
    assert identify.languages_of("Hani") == {"zh", "ja"}


def test_threads_judge_alike():
    texts = [SENTENCES[code] for code in SENTENCES] * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: judge(text).whole.language, texts))
    assert found == list(SENTENCES) * 4


def test_a_megabyte_takes_bounded_time():
    text = f"{SENTENCES['en']} {SENTENCES['nl']} " * 7000
    assert len(text) > 1_000_000
    before = time.process_time()
    verdict = judge(text, target="en")
    assert time.process_time() - before < 20
    assert verdict.whole.language in {"en", "nl"}
    assert max(span.end for span in verdict.spans) <= 100_000


def test_the_closest_language_is_the_same_one_in_another_spelling() -> None:
    assert identify.closest("zh-Hans", ("ja", "zh", "zh-Hans")) == "zh-Hans"
    assert identify.closest("zh-Hans", ("ja", "zh")) == "zh"
    assert identify.closest("no", ("da", "nb")) == "nb"
    assert identify.closest("km", ("ja", "zh")) is None
