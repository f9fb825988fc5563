"""Channel relevance: one non-negative weight per channel, learned from human judgements."""
