"""The map: a run's sentences in two dimensions, level by level."""
