"""The neurons of a run: the table, its exports, and a page for each neuron."""
