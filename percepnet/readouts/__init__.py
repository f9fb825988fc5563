"""Readouts: stored pair statistics in, distances out."""
