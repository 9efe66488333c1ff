"""A few parallel sentences of our own in three languages, one a line."""

from pathlib import Path

_NOUNS = (
    ("cat", "kat", "猫"),
    ("horse", "paard", "馬"),
    ("bird", "vogel", "鳥"),
    ("child", "kind", "子供"),
    ("teacher", "leraar", "先生"),
    ("river", "rivier", "川"),
)
_PLACES = (
    ("in the garden", "in de tuin", "庭"),
    ("near the station", "bij het station", "駅"),
    ("on the mountain", "op de berg", "山"),
    ("behind the house", "achter het huis", "家"),
)


def parallel_lines() -> dict[str, list[str]]:
    """Twenty-four sentences in English, Dutch and Japanese; line i means the same everywhere."""
    lines: dict[str, list[str]] = {"en": [], "nl": [], "ja": []}
    for english, dutch, japanese in _NOUNS:
        for here, hier, koko in _PLACES:
            lines["en"].append(f"I see a {english} {here}.")
            lines["nl"].append(f"Ik zie een {dutch} {hier}.")
            lines["ja"].append(f"{koko}に{japanese}が見えます。")
    return lines


def write_corpus(folder: Path) -> Path:
    """The sentences as an N-way folder."""
    folder.mkdir(parents=True)
    for language, lines in parallel_lines().items():
        (folder / f"{language}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder
