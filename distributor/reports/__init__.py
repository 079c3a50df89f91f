"""What came of it: of an article, of each channel, of each digest. For the command line, the staff's pages, and CSV.

    store.reports, store.slots -> of_article, of_channels, of_digests -> to_json(), COLUMNS and rows()
    best.py                    -> which hour, which weekday: pure

Raw counts are everything that was seen, counted ones are without robots and repeats; both are told, rates are of the
counted. No mail tells who opened it, so nothing here is about openings.
"""

from distributor.reports.articles import ArticleReport, ChannelFigures, of_article
from distributor.reports.best import Best, Hits
from distributor.reports.channels import ChannelLine, ChannelsReport, of_channels
from distributor.reports.digests import DigestsReport, SlotLine, of_digests

__all__ = [
    "ArticleReport",
    "Best",
    "ChannelFigures",
    "ChannelLine",
    "ChannelsReport",
    "DigestsReport",
    "Hits",
    "SlotLine",
    "of_article",
    "of_channels",
    "of_digests",
]
