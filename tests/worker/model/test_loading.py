"""A model opens whole and checked, or the user reads what is wrong with it."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from app.errors import BadInput, ModelUnavailable, UnsupportedArchitecture
from tests.worker.tiny_models import make_tiny
from worker.model.loading import load
from worker.model.reading import read_sentences


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny("llama", tmp_path_factory.mktemp("models") / "llama")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


def rewrite(file: Path, change: Callable[[dict[str, object]], object]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


@pytest.mark.parametrize("name", ["llama", "gpt2", "bloom", "gemma3"])
def test_a_saved_model_reads_as_it_did(name: str, tmp_path: Path) -> None:
    model = load(str(make_tiny(name, tmp_path / "model")))
    assert model.parity is not None
    again = read_sentences(model, ["Hello there."], "last", 100)
    first = read_sentences(make_tiny(name), ["Hello there."], "last", 100)
    torch.testing.assert_close(again.states, first.states)


def test_hash_follows_the_weights_and_not_the_place(saved: Path, folder: Path) -> None:
    first = load(str(saved)).card()
    assert load(str(folder)).card() == first
    assert len(first.weight_hash) == 64
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][0] += 0.5
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert load(str(folder)).card().weight_hash != first.weight_hash


def test_precision(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As stored, or float32 on a processor with the room; float16 overflows there and is never kept."""
    assert load(str(folder), dtype="bfloat16").dtype == torch.bfloat16
    weights = {key: value.half() for key, value in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    rewrite(folder / "config.json", lambda config: config.update(dtype="float16"))
    assert load(str(folder)).dtype == torch.float32
    rewrite(folder / "config.json", lambda config: config.update(dtype="bfloat16"))
    assert load(str(folder)).dtype == torch.float32
    size = (folder / "model.safetensors").stat().st_size
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=3 * size))
    assert load(str(folder)).dtype == torch.bfloat16
    assert load(str(folder), dtype="float32").dtype == torch.float32
    rewrite(folder / "config.json", lambda config: config.update(dtype="float16"))
    assert load(str(folder)).dtype == torch.float32


def test_devices_that_are_not_there(saved: Path) -> None:
    with pytest.raises(BadInput, match="is not a device"):
        load(str(saved), device="abacus")
    with pytest.raises(BadInput, match="there is no cuda:99"):
        load(str(saved), device="cuda:99")


def test_folders_outside_the_root_are_refused(saved: Path, tmp_path: Path) -> None:
    assert load(str(saved), root=saved.parent).layers == 3
    inside = tmp_path / "root"
    inside.mkdir()
    (inside / "link").symlink_to(saved)
    for source in (str(saved), f"{inside}/../{saved.name}", str(inside / "link")):
        with pytest.raises(ModelUnavailable, match="may load models from"):
            load(source, root=inside)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="There is no folder"):
        load(str(tmp_path / "nowhere"))
    with pytest.raises(ModelUnavailable, match=r"has no config\.json"):
        load(str(tmp_path))


BROKEN: list[tuple[str, type[Exception], str, Callable[[Path], object]]] = [
    ("truncated", ModelUnavailable, "broken or cut off", lambda f: _cut(f / "model.safetensors", -100)),
    ("empty", ModelUnavailable, "broken or cut off", lambda f: (f / "model.safetensors").write_bytes(b"")),
    ("no-weights", ModelUnavailable, r"lacks model\.safetensors", lambda f: (f / "model.safetensors").unlink()),
    (
        "pickle",
        ModelUnavailable,
        "pickle files .* never opened",
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
    ),
    ("config", ModelUnavailable, r"config\.json cannot be read as JSON", lambda f: _cut(f / "config.json", 20)),
    ("config-list", ModelUnavailable, "not a JSON object", lambda f: (f / "config.json").write_text("[]")),
    ("no-tokenizer", ModelUnavailable, "tokenizer of .* missing or broken", lambda f: _no_tokenizer(f)),
    ("tokenizer", ModelUnavailable, "missing or broken", lambda f: _cut(f / "tokenizer.json", 500)),
    ("other-tokenizer", ModelUnavailable, "missing or broken", lambda f: (f / "tokenizer.json").write_text('{"a":1}')),
    (
        "shard",
        ModelUnavailable,
        "lacks model-00002",
        lambda f: (f / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}})
        ),
    ),
    ("index", ModelUnavailable, "names no files", lambda f: (f / "model.safetensors.index.json").write_text("{}")),
    ("missing-weights", ModelUnavailable, "lacks 3 of its weights", lambda f: _without(f, "layers.1.mlp")),
    ("shape", ModelUnavailable, "do not fit its configuration", lambda f: _set(f, hidden_size=16)),
    ("small", ModelUnavailable, "do not belong together", lambda f: _small_vocabulary(f)),
    ("nonsense", ModelUnavailable, "does not describe a model", lambda f: _set(f, num_attention_heads="many")),
    ("unknown", UnsupportedArchitecture, "NewForCausalLM is not supported.*LlamaForCausalLM", lambda f: _unknown(f)),
    ("mixtral", UnsupportedArchitecture, "MixtralForCausalLM is not supp", lambda f: _set(f, model_type="mixtral")),
    ("encoder", UnsupportedArchitecture, "T5Model is not supported", lambda f: _unknown(f, "t5", "T5Model")),
    ("code", UnsupportedArchitecture, "program code, which is never run", lambda f: _own_code(f)),
    ("quantised", UnsupportedArchitecture, "is quantised", lambda f: _set(f, quantization_config={"bits": 4})),
    ("nan", UnsupportedArchitecture, "infinite or undefined", lambda f: _undefined(f)),
]


@pytest.mark.parametrize(("kind", "message", "damage"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_what_is_broken_is_said(
    folder: Path, kind: type[Exception], message: str, damage: Callable[[Path], object]
) -> None:
    damage(folder)
    with pytest.raises(kind, match=message):
        load(str(folder))


def test_code_in_a_folder_is_never_run(folder: Path) -> None:
    """A built-in type that also names its own code: the built-in is used, the code is not."""
    trap = folder / "trap"
    (folder / "modeling.py").write_text(f"open({str(trap)!r}, 'w').close()\nLlamaForCausalLM = None\n")
    _set(folder, auto_map={"AutoModelForCausalLM": "modeling.LlamaForCausalLM", "AutoConfig": "modeling.Config"})
    rewrite(
        folder / "tokenizer_config.json",
        lambda config: config.update(auto_map={"AutoTokenizer": ["modeling.Tokenizer", None]}),
    )
    with suppress(ModelUnavailable):  # the tokenizer may be refused
        load(str(folder))
    assert not trap.exists()


def test_a_sharded_model(saved: Path, tmp_path: Path) -> None:
    whole = load(str(saved))
    whole.network.save_pretrained(tmp_path, max_shard_size="50kB")
    whole.tokenizer.save_pretrained(tmp_path)
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    assert load(str(tmp_path)).card().parameters == whole.card().parameters


def _cut(file: Path, at: int) -> None:
    file.write_bytes(file.read_bytes()[:at])


def _set(folder: Path, **fields: object) -> None:
    rewrite(folder / "config.json", lambda config: config.update(fields))


def _unknown(folder: Path, kind: str = "new", architecture: str = "NewForCausalLM") -> None:
    _set(folder, model_type=kind, architectures=[architecture])


def _own_code(folder: Path) -> None:
    _set(folder, model_type="own", auto_map={"AutoModelForCausalLM": "modeling.Own"})


def _no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()


def _without(folder: Path, part: str) -> None:
    weights = {key: value for key, value in load_file(folder / "model.safetensors").items() if part not in key}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _small_vocabulary(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    for key in ("model.embed_tokens.weight", "lm_head.weight"):
        weights[key] = weights[key][:300].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _set(folder, vocab_size=300)


def _undefined(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.2.mlp.down_proj.weight"][3, 3] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
