"""Side-by-side measurements: ratios travel between machines, absolute figures don't."""
