"""Pure functions: tensors in, tensors out; no model, no input or output, no clock."""

from worker.numerics import interventions, projections, scorers

METHODS = (scorers, interventions, projections)  # importing the package registers all their methods
