"""Baselines: classic and learned metrics through well-kept libraries, as rows beside the networks."""
