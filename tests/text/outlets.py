"""Judged titles and leads: each group is one story as several outlets told it within a day or two, in their own words.

Two of one group are the same story, two of different groups are not. Many groups are of one subject on purpose: two
storms, two elections, one minister in two affairs. Written for this test; in outlets.tsv a title, a tab and a lead on
each line, an empty line between two stories.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["STORIES"]

Told = tuple[str, str]


def _told(line: str) -> Told:
    title, lead = line.split("\t")
    return title, lead


STORIES: tuple[tuple[Told, ...], ...] = tuple(
    tuple(map(_told, group.splitlines()))
    for group in Path(__file__).with_suffix(".tsv").read_text(encoding="utf-8").split("\n\n")
)
