"""Human judgements of image pairs: one small file per database or psychophysical test."""
