"""Which language a code names, and how that language calls itself, is written and is related to others."""

import re
from dataclasses import dataclass
from functools import lru_cache

import langcodes
from langcodes.tag_parser import LanguageTagError

from app.errors import BadInput

LONGEST_CODE = 35  # characters; RFC 5646 section 4.4.1 promises that no more are needed
NOT_ONE_LANGUAGE = re.compile("und|mul|zxx|mis|art|q[a-t][a-z]")  # collections and private use
RIGHT_TO_LEFT = re.compile(  # ISO 15924
    "Adlm|Arab|Armi|Avst|Chrs|Cprt|Elym|Garg|Hatr|Hebr|Hung|Khar|Lydi|Mand|Mani|Mend|Merc|Mero|Narb|Nbat|Nkoo|Orkh|"
    "Ougr|Palm|Phli|Phlp|Phnx|Prti|Rohg|Samr|Sarb|Sidt|Sogd|Sogo|Syrc|Thaa|Todr|Yezi"
)

# General knowledge, at the level of branches where a family is so wide that its name would say little.
FAMILIES: dict[str, str] = {
    code: family
    for family, codes in {
        "Germanic": "en de nl af sv da no nb nn is fo yi lb fy",
        "Romance": "fr es it pt ro ca gl oc la",
        "Slavic": "ru uk be pl cs sk bg mk sr hr bs sl",
        "Baltic": "lt lv",
        "Celtic": "cy ga gd br",
        "Hellenic": "el",
        "Albanian": "sq",
        "Armenian": "hy",
        "Indo-Aryan": "hi ur bn pa mr gu or as ne si sd sa ks kok mai bho",
        "Iranian": "fa ku ckb ps tg",
        "Uralic": "fi et hu se",
        "Turkic": "tr az kk ky uz tk tt ug",
        "Mongolic": "mn",
        "Semitic": "ar arz he am ti mt",
        "Cushitic": "so om",
        "Chadic": "ha",
        "Bantu": "sw zu xh rw ny sn lg st tn",
        "Volta-Niger": "yo ig",
        "Dravidian": "ta te kn ml",
        "Sinitic": "zh yue wuu nan lzh",
        "Tibeto-Burman": "my bo dz",
        "Japonic": "ja",
        "Koreanic": "ko",
        "Kra-Dai": "th lo",
        "Austroasiatic": "vi km",
        "Austronesian": "id ms jv su fil ceb mg mi haw",
        "Kartvelian": "ka",
        "Basque": "eu",
        "Quechuan": "qu",
        "Constructed": "eo ia",
    }.items()
    for code in codes.split()
}


@dataclass(frozen=True, slots=True)
class Language:
    """A language as pages show it; `script` is the ISO 15924 code, `direction` is ltr or rtl."""

    code: str
    endonym: str
    name: str
    script: str
    direction: str
    family: str


@lru_cache(maxsize=4096)
def canonical(code: str) -> str:
    """Return the one BCP-47 tag we use for a language: jpn -> ja, cmn -> zh, zh_cn -> zh-Hans, arb_Arab -> ar.

    Raises BadInput naming a code that is no language.
    """
    spelled = code.strip().replace("_", "-")
    unknown = BadInput(
        f"{code!r} is not a language code we know: use ISO 639 or BCP-47, such as ja, jpn, pt-BR or zh-Hant."
    )
    if len(spelled) > LONGEST_CODE or not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", spelled):
        raise unknown
    try:
        tag = langcodes.Language.get(langcodes.standardize_tag(spelled, macro=True))
    except LanguageTagError:
        raise unknown from None
    # jpn-eng parses as Japanese with the extended language eng: a pair, not a language
    beyond = tag.extlangs or tag.extensions or tag.private
    if beyond or not tag.is_valid() or tag.language is None or NOT_ONE_LANGUAGE.fullmatch(tag.language):
        raise unknown
    return _one_spelling(tag).to_tag()


def _one_spelling(tag: langcodes.Language) -> langcodes.Language:
    """Name Chinese by script where a country was given, every other language by script only if it is the rarer one."""
    if tag.language == "zh":
        if tag.territory and not tag.script:
            tag = tag.update_dict({"script": tag.maximize().script})
        usual_country = langcodes.Language.make(language="zh", script=tag.script).maximize().territory
        return _without(tag, "territory") if tag.script and tag.territory == usual_country else tag
    usual_script = langcodes.Language.make(language=tag.language).maximize().script
    return _without(tag, "script") if tag.script == usual_script and not tag.territory else tag


def _without(tag: langcodes.Language, part: str) -> langcodes.Language:
    return langcodes.Language.make(**{name: value for name, value in tag.to_dict().items() if name != part})


@lru_cache(maxsize=1024)
def language(code: str) -> Language:
    """Describe the language that a code names. Raises BadInput for a code that is no language."""
    tag = langcodes.Language.get(canonical(code))
    script = tag.maximize().script or "Zyyy"
    return Language(
        code=tag.to_tag(),
        endonym=tag.autonym(),
        name=tag.display_name("en"),
        script=script,
        direction="rtl" if RIGHT_TO_LEFT.fullmatch(script) else "ltr",
        family=FAMILIES.get(tag.language or "", "other"),
    )
