"""Ablation: which factor made the difference, and the report."""
