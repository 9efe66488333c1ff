"""A whole evaluation on a tiny model: whose neurons are switched off, and what becomes of too long questions."""

from pathlib import Path

from app.contracts.evaluations import EvaluateResult, EvaluateSpec, OwnTop
from app.contracts.ids import new_id
from app.contracts.interventions import Controls
from app.db.questions import store_questions
from app.db.session import utc_now
from app.text.questions import read_questions
from app.text.readers.reading import CorpusFile
from tests.support.experiments import run_experiment, store_experiment
from tests.support.scans import scan_folder
from tests.support.small_corpus import write_corpus
from tests.worker.tiny_models import make_tiny
from worker.analyses.evaluate import EVALUATE
from worker.analyses.evaluate_table import TOO_LONG

QUESTIONS = '{{"question": "{one}", "answer": "a"}}\n{{"question": "{two}", "answer": "b"}}\n'


def test_a_spelling_of_a_language_has_its_neurons_and_long_questions_are_counted(tmp_path: Path) -> None:
    model = make_tiny("llama", tmp_path / "model", max_position_embeddings=128)
    scan = scan_folder(
        model, write_corpus(tmp_path / "corpus"), ("nl", "ja"), "en", "corrected", tmp_path, ("detail_neurons=0",)
    )
    files = [
        CorpusFile("nl-BE.jsonl", QUESTIONS.format(one="Wie?", two="Wat? " * 100).encode()),
        CorpusFile("en.jsonl", QUESTIONS.format(one="Who?", two="What?").encode()),
    ]
    with scan.sessions.begin() as session:
        asked = store_questions(session, read_questions(files), "two", utc_now()).id
    spec = EvaluateSpec(
        experiment_id=new_id(), model_id=scan.run.model.id, question_set_id=asked, languages=("en", "nl-BE"),
        top=OwnTop(run_id=scan.run_id, type=1, count=4), controls=Controls(draws=1), max_new_tokens=4, block=1,
    )  # fmt: skip
    with scan.sessions.begin() as session:
        store_experiment(session, spec)
    result = EvaluateResult.model_validate(run_experiment(EVALUATE, spec, scan.sessions, tmp_path))
    assert result.skipped == {"nl-BE": {TOO_LONG: 1}}
    assert result.words["nl-BE"].startswith("4 neurons in")
    assert "en" not in result.words
    counts = {(cell.part, cell.changed is None): cell.n for cell in result.cells if cell.metric == "em"}
    assert counts == {("en", True): 2, ("nl-BE", False): 1, ("*", False): 1}
