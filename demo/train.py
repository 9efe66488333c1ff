"""Trains the demo model from nothing to `demo/model`: `python -m demo.train`."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import distributed
from torch.multiprocessing.spawn import spawn
from transformers import AutoTokenizer

from demo.training.accelerated import train_accelerated
from demo.training.loop import Run, averaged, begin_again, export, train
from demo.training.recipe import Recipe
from demo.training.team import Team
from demo.training.vocabulary import save, train_tokenizer
from demo.world.polyglot import World

HERE = Path(__file__).parent


def work(rank: int, recipe: Recipe, start: Path | None, folder: Path, model: Path) -> None:
    """One process of the team; the first one writes the model.

    `start`: a checkpoint to go on from, or a folder whose model begins the last phases of the recipe (`restart`).
    """
    torch.set_num_threads(1)
    if recipe.ranks > 1:
        meeting = f"file://{folder / 'meeting'}"
        distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=recipe.ranks)
    run = Run.start(recipe, Team(rank, recipe.ranks))
    if start and start.is_dir():
        begin_again(run, recipe, load_file(start / "model.safetensors"))
        run.step = recipe.restart
    elif start:
        run.load(start)
    begun = start is not None and start.is_dir()
    train(run, recipe, AutoTokenizer.from_pretrained(model), folder, begun=begun)
    if rank == 0:
        finish(run, recipe, folder, model)
    if recipe.ranks > 1:
        distributed.destroy_process_group()


def finish(run: Run, recipe: Recipe, folder: Path, model: Path) -> None:
    """Write the finished model: its last weights, or the mean that the recipe asks for."""
    export(run.network, model)
    if recipe.average:
        save_file(averaged(recipe.average, folder), model / "model.safetensors", metadata={"format": "pt"})


def main() -> None:
    """Train the tokenizer, then run every phase of the recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--recipe", type=Path, default=HERE / "training" / "recipe.json")
    parser.add_argument("--start", type=Path, help="folder of a model that the last phases begin from")
    parser.add_argument("--work", type=Path, default=HERE / ".cache", help="folder for checkpoints")
    parser.add_argument("--model", type=Path, default=HERE / "model", help="folder of the finished model")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="cuda trains from nothing, at once")
    parser.add_argument("--writers", type=int, default=4, help="processes that write text for an accelerator")
    options = parser.parse_args()
    folder: Path = options.work.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meeting").unlink(missing_ok=True)
    recipe = Recipe.model_validate_json(options.recipe.read_text())
    if not options.resume and not options.start:
        save(train_tokenizer(World(), recipe.tokenizer_seed), options.model)
    if options.device == "cuda":
        if options.resume or options.start:
            parser.error("An accelerator trains from nothing: leave out --resume and --start.")
        finish(train_accelerated(recipe, folder, options.model, options.writers), recipe, folder, options.model)
        return
    start = folder / "state.safetensors" if options.resume else options.start
    spawn(work, (recipe, start, folder, options.model), nprocs=recipe.ranks)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
