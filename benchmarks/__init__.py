"""How fast and how right: each module runs as `python -m benchmarks.NAME [--quick] [--json]`."""
