"""Writes the demo corpus and the demo questions: `python -m demo.build_data`; needs no model."""

from __future__ import annotations

import json
from pathlib import Path

from demo.world.lexicon import LANGUAGES
from demo.world.parallel import unseen_rows
from demo.world.polyglot import World

HERE = Path(__file__).parent
LINES = 1200
SEED = 2026


def write_corpus(world: World, folder: Path) -> None:
    """`<language>.txt`: line i has the same meaning in every file; no line's event is in the training text."""
    rows = unseen_rows(world, LINES, SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        text = "".join(f"{row[language]}\n" for row in rows)
        (folder / f"{language}.txt").write_text(text, encoding="utf-8", newline="\n")


def write_questions(world: World, folder: Path) -> None:
    """`<language>.jsonl`: one question a fact, with what training text held of the fact in that language."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        lines = []
        for fact in world.facts:
            question = world.texts[fact, language].question
            record = {
                "id": fact.id,
                "question": question.text,
                "prompt": world.prompt(question.text, language),
                "answer": question.answer,
                "aliases": world.aliases(fact, language),
                "kind": fact.kind,
                "status": world.status[fact, language],
            }
            lines.append(json.dumps(record, ensure_ascii=False) + "\n")
        (folder / f"{language}.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")


def main() -> None:
    """Write both."""
    world = World()
    write_corpus(world, HERE / "corpus")
    write_questions(world, HERE / "questions")


if __name__ == "__main__":
    main()
