"""The paper report: every figure of a run and of its experiments, the paper's choices beside the corrected ones."""
