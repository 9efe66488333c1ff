"""Every setting of a scan in words, as forms and run pages show it."""

from dataclasses import dataclass

from app.contracts.jobs import PRESETS, ScanSettings

# What changes how the work is cut, not what comes out: a preset keeps its name when one of these differs.
NEUTRAL = frozenset({"batch_tokens", "shard_sentences", "seed"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting's name, its title, what it means, and its choices (empty: a number)."""

    name: str
    title: str
    meaning: str
    choices: tuple[tuple[str, str], ...] = ()
    step: str = "1"


YES_NO = (("true", "yes"), ("false", "no"))

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "position",
        "Where a sentence is read",
        "The token whose hidden states and activations stand for the sentence.",
        (
            ("mean", "mean over all tokens"),
            ("last", "last token, as the paper"),
            ("last_content", "last token that is not punctuation"),
        ),
    ),
    Setting(
        "type1_target",
        "Shared centroid",
        "What the writes of Type-1 neurons are measured towards.",
        (
            ("all_languages", "mean of all languages' centroids"),
            ("midpoint", "midpoint of pivot and language, as the paper"),
            ("pivot", "the pivot's centroid"),
        ),
    ),
    Setting(
        "crossfit",
        "Cross-fitting",
        "Score each half of the sentences against the other half's centroids, so that no sentence scores itself.",
        YES_NO,
    ),
    Setting(
        "deduplicate", "Repeated sentences once", "However often the corpus repeats a text, count it once.", YES_NO
    ),
    Setting(
        "centred",
        "Centred comparison",
        "Remove each language's mean before counting dimensions and nearest neighbours.",
        YES_NO,
    ),
    Setting(
        "final_norm",
        "Final norm in the last level",
        "Take the last level after the model's final norm, as the paper's code does.",
        YES_NO,
    ),
    Setting(
        "candidate_rule",
        "Candidate layers by",
        "Which layers may hold Type-1 neurons; the layers after them may hold Type-2 neurons.",
        (("fraction", "a share of the depth"), ("similarity_gap", "the level of the widest similarity gap")),
    ),
    Setting("candidate_fraction", "Share of the depth", "Used when candidates go by depth.", step="0.005"),
    Setting(
        "max_sentences", "Sentences per language at most", "Drawn by the seed; pairs where there are translations."
    ),
    Setting("neighbours", "Nearest neighbours", "k of the mutual nearest neighbours."),
    Setting(
        "dtype",
        "Numbers of the model",
        "What is read from it is float32 in any case.",
        (("auto", "as the device suggests"), ("float32", "float32"), ("bfloat16", "bfloat16")),
    ),
    Setting("seed", "Seed", "Of the draw of sentences and of the maps."),
    Setting(
        "detail_neurons", "Neurons described", "Per language and type: so many get examples, tokens and histograms."
    ),
    Setting("shard_sentences", "Sentences per shard", "What a crash can cost."),
    Setting("batch_tokens", "Tokens per forward pass", "Padding included; lower it if memory runs out."),
)

PRESET_WORDS = {
    "corrected": "Corrected: mean over tokens, cross-fitted, repeated sentences once, raw last layer. The default.",
    "paper": "Paper: the choices of the authors' released code, to compare with published numbers.",
    "custom": "Custom: your own choices below.",
}


def named(settings: ScanSettings) -> ScanSettings:
    """The settings under the name of the preset they equal, or as custom."""
    values = settings.model_dump(exclude={"preset", *NEUTRAL})
    for name, preset in PRESETS.items():
        if preset.model_dump(exclude={"preset", *NEUTRAL}) == values:
            return settings.model_copy(update={"preset": name})
    return settings.model_copy(update={"preset": "custom"})


def spelled_out(settings: ScanSettings) -> list[tuple[str, str]]:
    """Title and value of every setting, in words."""
    spelled: list[tuple[str, str]] = []
    for setting in SETTINGS:
        value = text_of(getattr(settings, setting.name))
        spelled.append((setting.title, dict(setting.choices).get(value, value)))
    return spelled


def text_of(value: object) -> str:
    """A setting's value as forms carry it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
