"""The readers' pages and the providers' hooks, on the public listener.

/subscribe  /subscribe/form  /confirm/TOKEN     subscribing.py, gate.py (who may ask), choices.py (what there is)
/preferences/TOKEN                              preferences.py
/link  /switch/TOKEN                            mailboxes.py
/unsubscribe/TOKEN                              leaving.py
/editions/ID  /archive  /archive.rss            archive.py
/hooks/ses  /hooks/postmark  /hooks/standard    hooks.py

GET and HEAD change nothing: machines open every link of a mail. There are no cookies; what a page may do is in its
address, which no Referer, log or index gets. Every form works without script, and when posted from another site.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from distributor.context import App
from distributor.web.readers import archive, gate, hooks, leaving, mailboxes, preferences, subscribing
from distributor.web.readers.desk import Desk
from distributor.web.readers.problems import handlers

__all__ = ["Desk", "handlers", "routes"]


def routes(app: App, desk: Desk) -> list[BaseRoute]:
    budgets = gate.budgets()
    return [
        *subscribing.routes(desk, budgets),
        *preferences.routes(desk, budgets),
        *mailboxes.routes(desk, budgets),
        *leaving.routes(desk),
        *archive.routes(desk),
        *hooks.routes(app),
    ]
