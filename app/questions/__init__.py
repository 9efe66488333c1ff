"""Question sets: uploaded, listed, looked at, deleted."""
