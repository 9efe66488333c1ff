"""The devices of this machine. `python -m worker.devices` lists them, for the supervisor, which never imports torch."""

import torch


def devices() -> list[str]:
    """Every CUDA device, or the processor if there is none."""
    return [f"cuda:{number}" for number in range(torch.cuda.device_count())] or ["cpu"]


def use_threads(threads: int) -> None:
    """Let torch compute with so many threads; 0 leaves it at one a core."""
    if threads > 0:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    print("\n".join(devices()))  # noqa: T201 - its output is read by the supervisor
