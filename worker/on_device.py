"""The worker process of the product: `python -m worker.on_device NAME DEVICE`, started by the supervisor."""

import sys

from app.settings import Settings
from worker.analyses import ANALYSES
from worker.catalogue import catalogue
from worker.devices import use_threads
from worker.process import run, start_logging


def main(executor: str, device: str) -> None:
    """Take jobs on `device` under the name `executor`."""
    settings = Settings().model_copy(update={"device": device})
    start_logging(settings.log_level)
    use_threads(settings.threads)
    run(settings, executor, ANALYSES, catalogue)


if __name__ == "__main__":
    main(*sys.argv[1:3])
