"""How well and how fast articles are ranked: see `python -m benchmarks.trending`."""
