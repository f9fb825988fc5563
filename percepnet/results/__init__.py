"""Results: rows, statuses, terminal tables, and their view in W&B."""
