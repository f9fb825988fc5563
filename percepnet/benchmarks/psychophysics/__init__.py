"""Psychophysics: thresholds and differences that people have measured, on stimuli made from formulae."""
