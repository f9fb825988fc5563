"""Responses: one forward pass per image, reduced at every tap to pair statistics, and stored."""
