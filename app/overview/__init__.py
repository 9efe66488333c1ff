"""The figures of a run: alignment, distance, languages told apart, layers of neurons, centroids."""
