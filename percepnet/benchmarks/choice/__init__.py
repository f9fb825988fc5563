"""Forced choice: which of two images looks more like a third, and whether two look the same."""
