"""Text as networks and readers take it: measured, cut, summarised, tagged, compared. Pure, and cheap to import."""

from distributor.text.fitting import fit
from distributor.text.markup import plain
from distributor.text.measuring import NETWORKS, Markup, Measured, measure
from distributor.text.sentences import sentences
from distributor.text.similar import enough, fingerprint, may_be_like, may_be_near, near, signs
from distributor.text.summary import summarise
from distributor.text.tags import hashtags

__all__ = [
    "NETWORKS",
    "Markup",
    "Measured",
    "enough",
    "fingerprint",
    "fit",
    "hashtags",
    "may_be_like",
    "may_be_near",
    "measure",
    "near",
    "plain",
    "sentences",
    "signs",
    "summarise",
]
