"""The sample newsroom: a small news site, written by us, that a newcomer's first run watches.

`Newsroom` decides what the site answers at a moment; `serve` (server.py) puts it on a loopback port. The articles are
Markdown files with TOML on top (articles/), the pictures are drawn by draw.py (media/), the templates are in pages/.
"""

from __future__ import annotations

from distributor.sample.articles import Picture, SampleArticle
from distributor.sample.newsroom import Newsroom, Response, Withdrawal

__all__ = ["Newsroom", "Picture", "Response", "SampleArticle", "Withdrawal"]
