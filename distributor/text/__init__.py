"""Text as networks and readers take it: measured, cut, summarised, tagged, compared. Pure; nothing compiles at import."""

from distributor.text.measuring import NETWORKS, Markup, Measured, measure

__all__ = ["NETWORKS", "Markup", "Measured", "measure"]
