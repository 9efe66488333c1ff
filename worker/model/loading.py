"""Open a model, from the hub or a local folder, and prove that we read it right before anyone sees a number."""

from pathlib import Path
from typing import Literal

import psutil
import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from app.errors import BadInput, ModelUnavailable
from worker.model.folders import Config, hash_files, read_config, weight_files
from worker.model.hub import Hub
from worker.model.language_model import LanguageModel
from worker.model.selfcheck import checked

Dtype = Literal["auto", "float32", "bfloat16"]
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

# What transformers raises for a configuration that is wrong or does not fit its weights, depending on what is wrong.
_MISFITS = (
    StrictDataclassError,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RuntimeError,
    ImportError,
    SafetensorError,
)


def load(
    source: str,
    revision: str | None = None,
    dtype: Dtype = "auto",
    device: str = "auto",
    root: Path | None = None,
    hub: Hub | None = None,
) -> LanguageModel:
    """Open the model of a hub id or local folder; it has passed the self-check, its `parity` says how well.

    Local folders must lie under `root` when it is given. Safetensors only, and no code of the model's is run.
    Raises ModelUnavailable for what is missing, gated or broken, UnsupportedArchitecture for what cannot be read
    correctly, BadInput for a device that is not there.
    """
    place = _device(device)
    folder, pinned = _folder(source, revision, root, hub or Hub())
    config = read_config(folder, source)
    files = weight_files(folder, source)
    _check_config(folder, source)
    tokenizer = _tokenizer(folder, source)
    network = _network(folder, source, _dtype(dtype, config, place, sum(file.stat().st_size for file in files)))
    model = LanguageModel(_moved(network, source, place), tokenizer, revision=pinned, weight_hash=hash_files(files))
    _check_tokenizer(model, source)
    return checked(model)


def _device(wanted: str) -> torch.device:
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise BadInput(f"“{wanted}” is not a device. Write cpu, cuda or cuda:0.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BadInput(
            f"This worker has {torch.cuda.device_count()} GPUs; there is no {wanted}. Set DEVICE to another."
        )
    return device


def _folder(source: str, revision: str | None, root: Path | None, hub: Hub) -> tuple[Path, str | None]:
    """Where the files are, and the commit they are pinned to (None for local folders)."""
    path = Path(source).expanduser()
    if path.is_absolute() or source.startswith(("./", "../", "~")) or path.is_dir():
        real = path.resolve()  # follows links, so that none leads out of the root
        if root is not None and not real.is_relative_to(root.resolve()):
            raise ModelUnavailable(f"{source} is not in the folder this worker may load models from (MODEL_ROOT).")
        if not real.is_dir():
            raise ModelUnavailable(f"There is no folder {source} on this worker. Check the path.")
        return real, None
    # The configuration first: an unsupported model is refused before gigabytes are downloaded.
    first = hub.fetch_config(source, revision)
    read_config(first, source)
    return hub.fetch(source, first.name), first.name


def _dtype(wanted: Dtype, config: Config, device: torch.device, size: int) -> torch.dtype | Literal["auto"]:
    """The numbers the model computes in; `size` is that of its weights' files in bytes.

    As stored, but on a processor: float16 overflows there, and half precision is several times slower than float32,
    which is taken where it needs no more than half of the free memory.
    """
    if wanted != "auto":
        return _DTYPES[wanted]
    if device.type != "cpu" or config.dtype not in ("float16", "bfloat16"):
        return "auto"
    roomy = 2 * size <= psutil.virtual_memory().available / 2
    return torch.float32 if roomy or config.dtype == "float16" else "auto"


def _check_config(folder: Path, name: str) -> None:
    """Nonsense in config.json would otherwise be blamed on the tokenizer, which asks it too."""
    try:
        AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except _MISFITS as error:
        raise ModelUnavailable(f"{name}: config.json does not describe a model. Download the model again.") from error


def _tokenizer(folder: Path, name: str) -> PreTrainedTokenizerBase:
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # the Rust tokenizers raise plain Exception for a broken file
        raise ModelUnavailable(
            f"The tokenizer of {name} is missing or broken. Its folder needs a tokenizer.json that this version "
            "of transformers reads."
        ) from error
    return tokenizer


def _network(folder: Path, name: str, dtype: torch.dtype | Literal["auto"]) -> PreTrainedModel:
    network: PreTrainedModel
    report: dict[str, set[str]]
    try:
        network, report = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )  # type: ignore[misc]  # a pair, because of output_loading_info
    except _MISFITS as error:
        raise ModelUnavailable(
            f"{name} could not be opened: its weights do not fit its configuration, or need more memory than there is."
        ) from error
    if report["missing_keys"]:  # the library fills these with random numbers and goes on
        missing = sorted(report["missing_keys"])
        raise ModelUnavailable(
            f"{name} lacks {len(missing)} of its weights, such as {missing[0]}. It is not a whole language model."
        )
    return network


def _moved(network: PreTrainedModel, name: str, device: torch.device) -> PreTrainedModel:
    try:
        nn.Module.to(network, device)  # the library's own method hides its types; what it adds is about quantisation
    except torch.OutOfMemoryError as error:
        raise ModelUnavailable(
            f"{name} does not fit into the memory of {device}. Use another device or model."
        ) from error
    return network


def _check_tokenizer(model: LanguageModel, name: str) -> None:
    """Tokenizer and model belong together: each ordinary token has an embedding."""
    added = model.tokenizer.added_tokens_decoder  # Gemma 3 has one more than embeddings, for images
    largest = max((number for number in model.tokenizer.get_vocab().values() if number not in added), default=-1)
    if largest >= model.embeddings:
        raise ModelUnavailable(
            f"The tokenizer of {name} has token {largest}, the model {model.embeddings} embeddings. "
            "They do not belong together."
        )
    if not model.tokenizer("a")["input_ids"]:
        raise ModelUnavailable(f"The tokenizer of {name} turns text into nothing. Its files are incomplete.")
