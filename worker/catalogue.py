"""What this worker can do, as it announces it: architectures it can prove, methods with their parameters."""

import worker.numerics  # noqa: F401 - importing it registers every method
from app.contracts.results import Catalogue
from worker.model.language_model import versions
from worker.model.sites import SITES
from worker.registry import catalogue as methods


def catalogue(device: str) -> Catalogue:
    """The catalogue of a worker on `device`; the app draws its forms from it."""
    return Catalogue(device=device, architectures=tuple(sorted(SITES)), methods=methods(), versions=versions())
