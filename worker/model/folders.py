"""What can be said of a model's folder before its weights are loaded: whether it is whole, safe and of a known kind."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from app.errors import ModelUnavailable, UnsupportedArchitecture
from worker.model.sites import site_of

_PICKLES = ("*.bin", "*.pth", "*.pt", "*.ckpt")


@dataclass(frozen=True)
class Config:
    """What config.json says, as far as it decides whether the model can be read."""

    architecture: str  # the class that would be loaded
    dtype: str | None  # of the stored weights


def read_config(folder: Path, name: str) -> Config:
    """Read config.json; raises ModelUnavailable if it is broken, UnsupportedArchitecture if we have no site for it."""
    content = _json(folder / "config.json", name)
    kind = content.get("model_type")
    known = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(kind) if isinstance(kind, str) else None
    if known is None:
        if "auto_map" in content:
            raise UnsupportedArchitecture(
                f"{name} brings its own program code, which is never run here. Choose a built-in architecture."
            )
        named = content.get("architectures")
        site_of(str(named[0]) if isinstance(named, list) and named else f"A model of type “{kind}”")
        raise UnsupportedArchitecture(f"{name} is no causal language model (type “{kind}”). Choose another model.")
    if "quantization_config" in content:
        raise UnsupportedArchitecture(
            f"{name} is quantised; its value vectors cannot be read exactly. Choose its unquantised original."
        )
    site_of(known)
    dtype = content.get("dtype") or content.get("torch_dtype")
    return Config(known, dtype if isinstance(dtype, str) else None)


def weight_files(folder: Path, name: str) -> list[Path]:
    """The safetensors files of a folder, each opened and found whole; raises ModelUnavailable."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = _json(index, name).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise ModelUnavailable(f"{name}: {index.name} names no files. Download the model again.")
        files = [folder / Path(str(shard)).name for shard in sorted(set(shards.values()))]
    else:
        files = [folder / "model.safetensors"]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ModelUnavailable(_missing(folder, name, missing))
    for file in files:
        try:
            with safe_open(file, "pt"):  # reads the header, and compares its sizes with the file's
                pass
        except (SafetensorError, OSError) as error:
            raise ModelUnavailable(f"{name}: {file.name} is broken or cut off. Download the model again.") from error
    return files


def _missing(folder: Path, name: str, files: Sequence[str]) -> str:
    if any(next(folder.glob(pattern), None) for pattern in _PICKLES):
        return (
            f"{name} has its weights as pickle files (.bin, .pth), which can run code and are never opened. "
            "Convert it to safetensors, or choose a model that has them."
        )
    return f"{name} lacks {', '.join(files[:3])}. Download the model again, or give a folder with safetensors weights."


def hash_files(files: Sequence[Path]) -> str:
    """SHA-256 over the names and contents of files, in the order of their names."""
    whole = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        with file.open("rb") as opened:
            whole.update(f"{file.name} {hashlib.file_digest(opened, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def _json(file: Path, name: str) -> dict[str, object]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{name} has no {file.name}, so it is not a model's folder. Give another.") from error
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{name}: {file.name} cannot be read as JSON. Download the model again.") from error
    if not isinstance(content, dict):
        raise ModelUnavailable(f"{name}: {file.name} is not a JSON object. Download the model again.")
    return content
