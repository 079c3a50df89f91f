"""What readers do, and what they see of it: on the public listener, for mails, posts and the publisher's own pages.

/r/CODE  /r/CODE/TOKEN                          clicks.py
/v  /v.js  /v.gif                               views.py
/share  /share/NETWORK  /share.js  /share.css   sharing.py
/trending, .json .rss .js .css, /CATEGORY       trends.py
/hooks/views                                    imports.py

GET and HEAD change nothing but counts. No cookie, no address of a reader kept; whoever asks not to be followed is not.
Pages that are none of our articles are remembered as such a while (known.py), and nobody is led to them.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from distributor.context import App
from distributor.counting import Counter
from distributor.web.audience import imports, sharing, trends, views
from distributor.web.audience.clicks import Clicks
from distributor.web.audience.known import Known
from distributor.web.readers.desk import Desk

__all__ = ["routes"]


def routes(app: App, counter: Counter) -> list[BaseRoute]:
    known, desk = Known(app), Desk(app)
    return [
        Clicks(app, counter),
        *views.routes(app, counter, known),
        *sharing.routes(desk, counter, known),
        *trends.routes(desk),
        *imports.routes(app),
    ]
