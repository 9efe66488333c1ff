"""Neuron sets: chosen by score, by hand, from files or from other sets; compared, exported, used."""
