"""The names of a run's arrays: the one list of what is stored, with shapes.

Levels = layers + 1 (level 0 is the embedding, level l + 1 the output of layer l); K counts the pivot and the languages,
pivot first; F neurons per layer; d hidden size; n sentences of a language; N points of the map.
"""

SENTENCES = "sentences/{language}"  # int64 [n] ids of the sentences, in reading order, each text once
GROUPS = "groups/{language}"  # int64 [n] parallel group of each sentence, equal across languages; -1 for none
TOKENS = "tokens/{language}"  # int32 [n] tokens per sentence
PAIRS = "pairs/{language}"  # int32 [pairs, 2] rows of (pivot, language) that mean the same

SHARD = "shard/{language}/{shard:04d}/"  # temporary, deleted by the merge
SHARD_STREAM = "stream/{layer}"  # float32 [n, d] residual stream before the MLP
SHARD_ACTIVATIONS = "activations/{layer}"  # float32 [n, F] write coefficients
SHARD_STATES = "states/{level}"  # float32 [n, d] hidden states

PART = "part/"  # temporary, of one layer, level or language; stacked and deleted at the end

SCORE = "score/{type}/{language}"  # float32 [layers, F], type 1 or 2
SCORE_SD = "score_sd/{type}/{language}"  # float32 [layers, F] standard deviation over sentences
SCORE_LOO = "score_loo/{type}/{language}"  # float32 [layers, F] leave-one-out at the block output
SCORE_CONTRAST = "score_contrast/{type}/{language}"  # float32 [layers, F] language minus parallel pivot sentences
ACTIVATION_MEAN = "activation_mean/{language}"  # float32 [layers, F]
ACTIVATION_SD = "activation_sd/{language}"  # float32 [layers, F]
ACTIVATION_POSITIVE = "activation_positive/{language}"  # float32 [layers, F] share of sentences with activation > 0
ETA2 = "eta2/{language}"  # float32 [layers, F] this language against all others

CENTROIDS = "centroids"  # float32 [levels, K, d]
CENTROID_COSINE = "centroid_cosine"  # float32 [levels, K, K]
LAYER_METRIC = "layer/{metric}/{language}"  # float32 [levels]
LAYER_METRICS: tuple[str, ...] = (
    "centroid_cosine",  # cosine of the language's centroid to the pivot's
    "distance",  # |C - C_pivot| relative to the mean length of the two
    "parallel",  # mean cosine of parallel sentences
    "nonparallel",  # mean cosine of sentences of different meaning
    "gap",  # parallel - nonparallel
    "mutual_knn",  # overlap of the k nearest neighbours within the two languages
    "mutual_knn_chance",
    "retrieval",  # share of sentences whose nearest pivot sentence is their translation
    "dimension90",  # principal components for 90 % of the variance of the language's states
    "dimension95",
    "dimension99",
)
LANGUAGE_ACCURACY = "layer/language_accuracy"  # float32 [levels] held-out nearest-centroid accuracy over all languages

MAP_LANGUAGE = "map/language"  # uint8 [N] index into (pivot, *languages); points are in one random order
MAP_SENTENCE = "map/sentence"  # int64 [N] sentence ids in the same order
MAP_GROUP = "map/group"  # int32 [N] points with equal group are translations of each other; -1 for none
MAP_ROW = "map/row"  # int32 [N] row of each point in its language's reading order
MAP_POINTS = "map/{method}/{level}"  # int16 [N, 2]
REDUCED = "reduced/{level}"  # float32 [N, <= 50] principal components of the states, in the map's order
REDUCED_MEAN = "reduced_mean/{level}"  # float32 [d] what is taken from a state before its components are read off
REDUCED_AXES = "reduced_axes/{level}"  # float32 [<= 50, d] reduced = (state - mean) @ axes.T; puts further states there

DETAIL_NEURONS = "detail/neurons/{layer}"  # int32 [m] neurons of the layer that have details, ascending
DETAIL_EDGES = "detail/edges/{layer}"  # float32 [m, 2] lowest and highest activation
DETAIL_HISTOGRAM = "detail/histogram/{layer}"  # int32 [m, K, bins]
DETAIL_TOP = "detail/top/{layer}"  # int32 [m, K, examples] rows of that language's reading order, -1 for none
DETAIL_TOP_VALUES = "detail/top_values/{layer}"  # float32 [m, K, examples]
DETAIL_HEAT_OFFSETS = "detail/heat_offsets/{layer}"  # int64 [m * K * examples + 1] into DETAIL_HEAT
DETAIL_HEAT = "detail/heat/{layer}"  # float16 [sum of tokens] activation of each token of each example
DETAIL_PROMOTED = "detail/promoted/{layer}"  # int32 [m, 2, top] token ids: promoted, suppressed
DETAIL_PROMOTED_VALUES = "detail/promoted_values/{layer}"  # float32 [m, 2, top]
DETAIL_MAKEUP = "detail/makeup/{layer}"  # float32 [m, 2, K + 1] language shares of promoted, suppressed; last: none
DETAIL_SIMILAR = "detail/similar/{layer}"  # int32 [m, s, 2] (layer, neuron) by cosine of value vectors, -1 for none
DETAIL_SIMILAR_VALUES = "detail/similar_values/{layer}"  # float32 [m, s]
TOKEN_IDS = "token_ids/{language}"  # int32 [sum of tokens] of the sentences in reading order (truncated as read)
TOKEN_OFFSETS = "token_offsets/{language}"  # int64 [n + 1]
MAKEUP_BASE = "makeup_base"  # float32 [K + 1] language shares of the whole vocabulary
VOCABULARY_BYTES = "vocabulary/bytes"  # uint8 [sum] exact bytes of each token, one after the other
VOCABULARY_OFFSETS = "vocabulary/offsets"  # int64 [vocabulary + 1]
