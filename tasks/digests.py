"""Digests and alerts planned."""

from distributor.digest import build_due
from distributor.worker import app, parts, told

__all__ = ["build"]


@app.task(name="distributor.tasks.digests.build")
@told
def build() -> None:
    """Plans what is due; rings again when its turn is over and there is more."""
    if build_due(parts()).more:
        build.apply_async(expires=5)
