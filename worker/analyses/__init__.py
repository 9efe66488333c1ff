"""One module a kind of work; ANALYSES lists the kinds of job a worker takes."""

from app.jobs.analysis import Analysis
from worker.analyses.compare import COMPARE
from worker.analyses.drawing import PROJECT
from worker.analyses.evaluate import EVALUATE
from worker.analyses.families import FAMILIES
from worker.analyses.finetune import FINETUNE
from worker.analyses.geometry import GEOMETRY
from worker.analyses.harness import HARNESS
from worker.analyses.inspection import INSPECT
from worker.analyses.lens import LENS
from worker.analyses.scan import SCAN
from worker.analyses.specificity import SPECIFICITY
from worker.analyses.sweep import DOSE, MATRIX, PROMPTS

ANALYSES: dict[str, Analysis] = {
    analysis.kind: analysis
    for analysis in (
        SCAN,
        INSPECT,
        PROJECT,
        COMPARE,
        FAMILIES,
        FINETUNE,
        SPECIFICITY,
        GEOMETRY,
        PROMPTS,
        DOSE,
        MATRIX,
        EVALUATE,
        HARNESS,
        LENS,
    )
}
