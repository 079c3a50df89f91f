"""News in."""

from distributor.collect import collect as collect_due
from distributor.worker import app, parts, told

__all__ = ["collect"]


@app.task(name="distributor.tasks.publishing.collect")
@told
def collect() -> None:
    """Polls the sources that are due."""
    collect_due(parts())
