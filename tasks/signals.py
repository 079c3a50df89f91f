"""What readers do elsewhere."""

from distributor.measuring import measure_due
from distributor.worker import app, parts, told

__all__ = ["measure"]


@app.task(name="distributor.tasks.signals.measure")
@told
def measure() -> None:
    """Reads back how posts fare."""
    measure_due(parts())
