"""A task file of one's own for lm-evaluation-harness, with its data on this machine."""

import json
from collections.abc import Sequence
from pathlib import Path

NAME = "colours"
_TASK = """
task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {file}
  cache_dir: {cache}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: ["red", "blue"]
doc_to_target: "{{{{answer}}}}"
metric_list:
  - metric: acc
"""


def write_task(folder: Path, questions: Sequence[str]) -> Path:
    """Write a task with these questions under `folder`, and give back the folder of task files."""
    tasks, file = folder / "tasks", folder / "colours.jsonl"
    tasks.mkdir()
    rows = [{"question": question, "answer": place % 2} for place, question in enumerate(questions)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tasks / "colours.yaml").write_text(_TASK.format(name=NAME, file=file, cache=folder / "cache"))
    return tasks
