"""What today's digest would be for one reader, as a page in a frame that can do nothing: its content is others'."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from distributor import composing, digest, paths
from distributor.errors import TemplateError
from distributor.mail import tokens
from distributor.model import Choice, Edition, Subscriber
from distributor.rendering import style_hashes
from distributor.web.readers import choices
from distributor.web.readers.desk import Desk

__all__ = ["address", "frame", "token_of"]

# Scripts, forms and frames have no way in, and the sandbox no origin; links open beside it.
POLICY = (
    "default-src 'none'; img-src http: https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def token_of(desk: Desk, reader: Subscriber) -> str:
    """The token that stands in this reader's digests."""
    return tokens.mint(desk.keys[0], "reader", reader.id)


def address(desk: Desk, reader: Subscriber) -> str:
    """Where `frame` is for this reader, or "" where there is nothing to show."""
    edition = _edition(desk, reader)
    if edition is None or not edition.sections:
        return ""
    return desk.here(paths.PREFERENCES, token_of(desk, reader), "today")


def frame(desk: Desk, reader: Subscriber) -> Response:
    edition = _edition(desk, reader)
    if edition is None:
        return desk.problem(reader.language, "missing", 404)
    with desk.app.store.read() as connection:
        paper = composing.paper(desk.app, connection, edition, zone=desk.clock_of(reader))
    page = desk.app.renderer.edition_page(paper).replace("<head>", '<head>\n<base target="_blank">', 1)
    headers = {
        "Content-Security-Policy": f"{POLICY}; style-src {' '.join(style_hashes(page))}",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return HTMLResponse(page, headers=headers)


def _edition(desk: Desk, reader: Subscriber) -> Edition | None:
    """An edition that is not kept. None without digests, and where the operator's templates or lists are broken:
    that is told where digests are made, and keeps nobody from subscribing.
    """
    offered = choices.digests(desk.settings)
    name = reader.frequency if reader.frequency in offered else next(iter(offered), "")
    if not name:
        return None
    choice = Choice(tuple(sorted(reader.categories)), reader.trending, reader.language)
    try:
        return digest.draft(desk.app, name, choice, desk.app.clock())
    except TemplateError:
        return None
