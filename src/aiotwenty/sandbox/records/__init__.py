"""Records: reading, writing, grouping, and their values."""
