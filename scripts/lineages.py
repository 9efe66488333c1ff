"""Writes app/text/data/lineages.tsv: the line of descent of every language with a two-letter code or many speakers.

Needs `pip install qwanqwa` (Glottolog's classification, joined with BCP-47 codes), which the product itself does not:
its database takes 400 MB of memory and seconds to load, for a table that changes once a year.
"""

from collections import Counter
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path

from langcodes.data_dicts import MACROLANGUAGES
from qq import Database, IdType, Languoid

TARGET = Path(__file__).parents[1] / "app" / "text" / "data" / "lineages.tsv"
SPEAKERS = 1_000_000
HEADER = """\
# Where languages descend from: code, then the line of descent from the family down, joined by " > ".
# Source: Glottolog (https://glottolog.org, CC BY 4.0) by way of qwanqwa {version} (Apache-2.0); scripts/lineages.py.
# A macrolanguage (Arabic, Chinese, ...) has what its languages have in common.
"""


def lineage(language: Languoid, members: list[Languoid]) -> tuple[str, ...]:
    """From the family down to the branch the language (or its members) hangs on; empty if none is known."""
    lines = [tuple(str(one.name) for one in reversed(found.family_tree)) for found in (language, *members)]
    lines = [line for line in lines if line]
    if lines and language.family_tree:
        return lines[0]
    if not lines:
        return ()
    family = Counter(line[0] for line in lines).most_common(1)[0][0]  # Arabic counts a creole among its members
    levels = zip(*(line for line in lines if line[0] == family), strict=False)
    return tuple(level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels))


def main() -> None:
    """Write the table."""
    rows = {}
    database = Database.load()
    members: dict[str, list[Languoid]] = {}
    for own, macro in MACROLANGUAGES.items():
        try:
            members.setdefault(macro, []).append(database.get(own, IdType.ISO_639_3))
        except LookupError:
            continue  # a code withdrawn since
    for language in database.all_languoids:
        code = language.bcp_47
        if not code or language.is_family:
            continue
        known = len(code) == 2 or (language.speaker_count or 0) >= SPEAKERS
        if known and (found := lineage(language, members.get(code, []))):
            rows[code] = " > ".join(found)
    lines = [f"{code}\t{found}\n" for code, found in sorted(rows.items())]
    TARGET.write_text(HEADER.format(version=version("qwanqwa")) + "".join(lines), encoding="utf-8")
    print(f"{len(lines)} languages")


if __name__ == "__main__":
    main()
