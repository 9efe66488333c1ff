"""What invites an answer, by language: `Answer:`, `答え:`; a list that users edit in a form."""

from functools import lru_cache
from pathlib import Path

from app.errors import BadInput
from app.text.languages import canonical

_FILE = Path(__file__).with_name("cues.tsv")
EVERY = "*"  # the cue of languages without their own
LONGEST = 200


@lru_cache(maxsize=1)
def known_cues() -> dict[str, str]:
    """The cues that come with the product, by language."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line)


def written_cues(languages: tuple[str, ...] | list[str]) -> str:
    """A line a language: its code and its cue, the English one where none is known."""
    known = known_cues()
    found = ((code, known.get(code) or known.get(code.split("-")[0]) or known["en"]) for code in languages)
    return "\n".join(f"{code} {cue}" for code, cue in found)


def read_cues(text: str) -> dict[str, str]:
    """Cues from such lines. Raises BadInput with the line for a code that is no language."""
    cues: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        code, _, cue = line.strip().partition(" ")
        if len(cue) > LONGEST:
            raise BadInput(f"Line {number} of the cues: at most {LONGEST} characters.")
        try:
            cues[EVERY if code == EVERY else canonical(code)] = cue.strip()
        except BadInput as wrong:
            raise BadInput(f"Line {number} of the cues: {wrong}") from None
    return cues
