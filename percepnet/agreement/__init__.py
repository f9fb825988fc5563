"""Agreement with people: correlations, intervals and ceilings, from arrays alone."""
