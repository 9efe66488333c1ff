"""Which language a stretch of one script is in, with a probability: the script decides first, then n-grams."""

import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from threading import Lock

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from app.errors import BadInput
from app.text.languages import canonical
from app.text.scripts import expected_scripts

# A language the identifier tells apart from the one it is usually counted as.
MEMBER_OF = {
    **dict.fromkeys(("arz", "ary", "arb", "apc", "ajp", "acm"), "ar"),
    **dict.fromkeys(("nb", "nn"), "no"),
    **dict.fromkeys(("yue", "wuu", "nan", "lzh", "cmn"), "zh"),
    "uzs": "uz",
    "hbo": "he",
    "grc": "el",
}
# Scripts besides the usual one, of the languages that are written in several.
ALSO_IN = {
    **dict.fromkeys(("sr", "uz", "crh", "tk", "tt"), frozenset({"Latn", "Cyrl"})),
    **dict.fromkeys(("az", "kk", "ku"), frozenset({"Latn", "Cyrl", "Arab"})),
    "he": frozenset({"Hebr"}),
    "el": frozenset({"Grek"}),
    "ha": frozenset({"Arab"}),
    "ms": frozenset({"Arab"}),
    "pa": frozenset({"Arab"}),
}
HINT = 1.5  # nats that a hinted language is likelier than any other before the text is read
CHUNK, CHUNKS = 500, 20  # characters of a part, parts of a long text
NOTHING = -1e30  # the identifier scores text without any known n-gram lower
_lock = Lock()
_loaded: list[LanguageIdentifier] = []

Ranking = list[tuple[str, float]]


def _identifier() -> LanguageIdentifier:
    """Load the model (4 MB, about a second) at the first question; afterwards it is only read, by any thread."""
    with _lock:
        if not _loaded:
            _loaded.append(LanguageIdentifier.from_model_file(MODEL_FILE))
        return _loaded[0]


@lru_cache(maxsize=4096)
def base(code: str) -> str:
    """Return the language that a code is counted as: pt-BR -> pt, arz -> ar, nb -> no. Raises BadInput."""
    language = canonical(code).partition("-")[0]
    return MEMBER_OF.get(language, language)


@lru_cache(maxsize=1024)
def _label_language(label: str) -> str | None:
    try:
        return base(label)
    except BadInput:  # such as zxx, no language
        return None


@lru_cache(maxsize=512)
def languages_of(script: str) -> frozenset[str]:
    """Return the identifier's languages that are written in a script; Jpan is Han with kana."""
    found = {language for label in _identifier().labels if (language := _label_language(label))}
    if script == "Jpan":
        return frozenset({"ja"})
    if script == "Hani":  # Korean has Han characters only among Hangul
        return frozenset(code for code in found if "Hani" in expected_scripts(code)) - {"ko"}
    return frozenset(code for code in found if script in expected_scripts(code) | ALSO_IN.get(code, frozenset()))


@lru_cache(maxsize=512)
def _labels_of(script: str) -> dict[str, str]:
    """Return the identifier's labels of languages written in a script, each with the language it is counted as."""
    languages = languages_of(script)
    return {label: code for label in _identifier().labels if (code := _label_language(label)) in languages and code}


@lru_cache(maxsize=1)
def _priors() -> dict[str, float]:
    return dict(zip(_identifier().nb_classes, _identifier().nb_pc.tolist(), strict=True))


@lru_cache(maxsize=20_000)
def word_scores(word: str, script: str) -> dict[str, float]:
    """Return the log likelihood of a word in every language of a script, up to a constant; all 0 if it tells nothing.

    Scores of words can be summed: the prior of a language, which a text has once, is taken off.
    """
    labels, priors = _labels_of(script), _priors()
    scores: dict[str, float] = {}
    for label, score in _identifier().rank(f" {word} "):
        if (code := labels.get(label)) is not None:
            known = score - priors[label] if score > NOTHING else 0.0
            scores[code] = max(known, scores.get(code, -math.inf))
    return scores


def _part(text: str, script: str, hints: Collection[str]) -> dict[str, float]:
    """Return the probability of every language written in a script for up to CHUNK characters.

    Log posteriors are divided by the root of the text's bytes, which the identifier's authors found to calibrate them.
    """
    labels = _labels_of(script)
    temperature = math.sqrt(len(text.encode("utf-8", "replace")) or 1)
    logs: dict[str, float] = {}
    for label, score in _identifier().rank(text):  # best first, so the first label of a language is its best
        if (code := labels.get(label)) is not None and code not in logs:
            logs[code] = score / temperature + (HINT if code in hints else 0.0)
    top = max(logs.values())
    weights = {code: math.exp(value - top) for code, value in logs.items()}
    total = sum(weights.values())
    return {code: weight / total for code, weight in weights.items()}


def rank(text: str, script: str, hints: Collection[str] = ()) -> Ranking:
    """Rank the languages written in a script, likeliest first, with probabilities that sum to 1.

    A text longer than CHUNK gets the mean over CHUNKS parts spread over it, as an n-gram said a hundred times counts
    little more than once. `hints` are bases of languages that are likelier
    beforehand; any other language can still win.
    """
    candidates = languages_of(script)
    if len(candidates) < 2:
        return [(code, 1.0) for code in candidates]
    number = min(CHUNKS, -(-len(text) // CHUNK))
    starts = [round(at * (len(text) - CHUNK) / max(number - 1, 1)) for at in range(number)] if number > 1 else [0]
    parts = [_part(text[start : start + CHUNK], script, hints) for start in starts]
    mean = {code: sum(part[code] for part in parts) / len(parts) for code in parts[0]}
    return sorted(mean.items(), key=lambda pair: -pair[1])


def same_language(found: str, wanted: str) -> bool:
    """Say whether two codes are counted as one: Egyptian Arabic as Arabic, Brazilian Portuguese as Portuguese."""
    return base(found) == base(wanted)


def closest(code: str, codes: Sequence[str]) -> str | None:
    """The code itself, else the first that is counted as the same language; None if there is none."""
    return code if code in codes else next((one for one in codes if same_language(one, code)), None)


def hinted(codes: Sequence[str]) -> frozenset[str]:
    """Return the bases of codes that name a language; others are left out."""
    found = set()
    for code in codes:
        try:
            found.add(base(code))
        except BadInput:
            continue
    return frozenset(found)
