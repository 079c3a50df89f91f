"""What readers do elsewhere."""

from distributor.measuring import measure_due
from distributor.radar import match_due
from distributor.worker import app, parts, told

__all__ = ["listen", "measure"]


@app.task(name="distributor.tasks.signals.measure")
@told
def measure() -> None:
    """Reads back how posts fare."""
    measure_due(parts())


@app.task(name="distributor.tasks.signals.listen")
@told
def listen() -> None:
    """Finds our articles in what other outlets report."""
    match_due(parts())
