"""The scan: choose sentences, read them shard by shard, score every neuron, compare the languages level by level."""

from app.jobs.analysis import Analysis, Stage
from app.jobs.subjects import settle_run
from worker.analyses import alignment, details, drawing, heat, selection, shards, summary, token_arrays
from worker.analyses.planning import plan_once
from worker.analyses.scores import score_layer

SCAN = Analysis(
    kind="scan",
    stages=(
        Stage("select", "Choosing sentences", plan_once, selection.select_sentences),
        Stage("read", "Reading the model", shards.plan_shards, shards.read_shard),
        Stage("tokens", "Collecting tokens", plan_once, token_arrays.collect_tokens),
        Stage("score", "Scoring neurons", details.plan_layers, score_layer),
        Stage("align", "Comparing languages", alignment.plan_levels, alignment.align_level),
        Stage("stack", "Putting scores together", plan_once, summary.stack_scores),
        Stage("detail", "Describing neurons", details.plan_layers, details.detail_layer),
        Stage("similar", "Finding similar neurons", plan_once, details.similar_layers),
        Stage("examples", "Reading examples", heat.plan_languages, heat.read_examples),
        Stage("heat", "Arranging examples", details.plan_layers, heat.assemble_heat),
        Stage("finish", "Writing the summary", plan_once, summary.finish),
        Stage("draw", "Drawing the map", drawing.plan_default, drawing.draw_default),
    ),
    settle=settle_run,
)
