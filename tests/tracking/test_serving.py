"""The counter belongs to whoever serves the pages: started with them, and what waits is written when they stop."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from distributor import config, run
from distributor.app import build_app
from distributor.codes import Link, code_of
from distributor.store import links
from distributor.store.signal_tables import event
from tests.desk import START

pytestmark = pytest.mark.network


def test_a_click_at_the_last_moment_is_kept(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = f'[site]\npublic_url = "http://127.0.0.1:{port}"\n[web]\npublic = "127.0.0.1:{port}"\n'
    app = build_app(config.loads(text, tmp_path / "distributor.toml", {}), wake=False)
    link = Link(code=code_of(app.key, 1, "x"), article_id=1, channel="x", url="https://paper.example/1")
    with app.store.write() as connection:
        links.add(connection, [link], START)
    with run._served(app, 0):
        place = urlsplit(str(app.settings.site.public_url))
        client = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
        client.request("GET", f"/r/{link.code}")
        answer = client.getresponse()
        assert (answer.status, answer.headers["Location"]) == (302, link.url)
        client.close()
    with app.store.read() as connection:
        assert connection.execute(sa.select(event.c.kind, event.c.link_id)).all() == [("clicks", 1)]
    app.store.close()
