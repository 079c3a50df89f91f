"""Hostile feeds: no crash, under 5 s of CPU and 256 MB each, nothing opened, nothing active left."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from distributor.errors import Unreadable
from distributor.sources import confined
from distributor.sources.parse import parse

HOSTILE = Path(__file__).parent / "hostile"
HEAD, TAIL = b'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>', b"</channel></rss>"


def item(inner: bytes) -> bytes:
    return HEAD + b"<item><title>x</title>" + inner + b"</item>" + TAIL


def described(markup: bytes) -> bytes:
    return item(b"<description><![CDATA[" + markup + b"]]></description>")


GENERATED: dict[str, Callable[[], bytes]] = {
    "quadratic blow-up": lambda: (
        b'<!DOCTYPE rss [<!ENTITY a "%s">]>' % (b"A" * 250) + item(b"<author>%s</author>" % (b"&a;" * 900_000))
    ),
    "100,000 attributes": lambda: HEAD + b"<item %s/>" % b" ".join(b'a%d="x"' % i for i in range(100_000)) + TAIL,
    "one attribute 500,000 times": lambda: HEAD + b"<item " + b'a="x" ' * 500_000 + b"/>" + TAIL,
    "100,000 namespaces": lambda: HEAD + b"<item %s/>" % b" ".join(b'xmlns:a%d="u"' % i for i in range(100_000)) + TAIL,
    "100,000 levels": lambda: item(b"<description>" + b"<b>" * 100_000 + b"</b>" * 100_000 + b"</description>"),
    "100,000 levels left open": lambda: HEAD + b"<item><title>x</title>" + b"<b>" * 100_000,
    "100,000 levels escaped": lambda: item(b"<description>" + b"&lt;div&gt;" * 100_000 + b"</description>"),
    "900,000 levels in CDATA": lambda: described(b"<div>" * 900_000),
    "tables in tables": lambda: described(b"<table><tr><td><b><i><a href=x>" * 8_000),
    "1,000,000 items": lambda: HEAD + b"<item/>" * 1_000_000 + TAIL,
    "200,000 real items": lambda: HEAD + b"<item><title>a</title></item>" * 200_000 + TAIL,
    "a 50 MB title": lambda: HEAD + b"<item><title>" + b"A" * 50_000_000 + b"</title></item>" + TAIL,
    "a 4 MB title": lambda: HEAD + b"<item><title>" + b"A" * 4_000_000 + b"</title></item>" + TAIL,
    "ampersands": lambda: item(b"&" * 4_900_000),
    "angle brackets": lambda: item(b"<" * 90_000),
    "declarations": lambda: item(b"<!" * 40_000),
    "sections never closed": lambda: item(b"<![CDATA[" * 10_000),
    "doctypes never closed": lambda: b"<!DOCTYPE " * 500_000,
    "a subset never closed": lambda: b"<!DOCTYPE rss [" + b"[" * 1_000_000,
    "a million small elements": lambda: HEAD + b"a<b/>" * 900_000 + TAIL,
    "100,000 categories": lambda: item(b"<category>a</category>" * 100_000),
    "signatures": lambda: described(b"<p>The post <a> appeared first on " * 80_000),
    "nothing but NUL": lambda: b"\0" * 1_000_000,
    "noise": lambda: random.Random(1).randbytes(1_000_000),
    "JSON in JSON": lambda: b'{"items":' + b"[" * 100_000,
    "JSON with 800,000 items": lambda: b'{"items":[' + b",".join([b'{"id":"1"}'] * 800_000) + b"]}",
    "a number of 100,000 digits": lambda: b'{"items":[{"id":' + b"9" * 100_000 + b"}]}",
}
MEASURE = """
import resource, sys
from distributor.errors import Unreadable
from distributor.sources.parse import parse
body = sys.stdin.buffer.read()
try:
    count = len(parse(body, base_url="https://e.example/").entries)
except Unreadable:
    count = -1
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
# Its own peak since exec, which getrusage mixes with that of the process it was forked from.
own = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
print(count, sum(u.ru_utime + u.ru_stime for u in used), max(own, used[1].ru_maxrss) // 1024)
"""


@pytest.mark.parametrize("name", GENERATED)
def test_a_hostile_feed_costs_under_5_seconds_and_256_megabytes(name: str) -> None:
    body = GENERATED[name]()
    done = subprocess.run([sys.executable, "-c", MEASURE], input=body, capture_output=True, timeout=60, check=True)
    count, seconds, megabytes = done.stdout.split()
    assert -1 <= int(count) <= 1_000
    assert float(seconds) < 5
    assert int(megabytes) < 256 + len(body) // 1_000_000


@pytest.mark.parametrize("name", ["external_entity.xml", "external_dtd.xml"])
def test_no_external_entity_dtd_or_inclusion_is_opened(name: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("SECRET-CANARY")
    os.utime(canary, (1, time.time()))
    read_before = canary.stat().st_atime
    body = (HOSTILE / name).read_bytes().replace(b"CANARY", canary.as_uri().encode())
    for parser in (parse, confined.parse):
        assert "SECRET-CANARY" not in repr(parser(body, base_url="https://e.example/"))
    assert canary.stat().st_atime == read_before


def test_a_dtd_on_a_server_is_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    asked: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: asked.append(address))
    body = (HOSTILE / "external_dtd.xml").read_bytes().replace(b"CANARY", b"http://127.0.0.1:9/canary.dtd")
    assert [entry.title for entry in parse(body).entries] == ["dtd"]
    assert asked == []


def test_laughs_are_not_multiplied() -> None:
    [entry] = parse((HOSTILE / "billion_laughs.xml").read_bytes()).entries
    assert entry.title == "laughs &i;"


def test_nothing_active_is_left() -> None:
    first, second = parse((HOSTILE / "active_content.xml").read_bytes(), base_url="https://e.example/").entries
    assert (first.title, first.url, first.author, first.words, first.image) == ("Title", "", "Eve", ("World",), None)
    assert first.summary == "Lead"
    for danger in (
        "script",
        "onclick",
        "onerror",
        "iframe",
        "form",
        "button",
        "object",
        "style",
        "svg",
        "data:",
        '<img src="j',
    ):
        assert danger not in first.body.lower()
    assert second.title == "Img in title"
    assert second.url == "HTTPS://Active.example/a%20b%22c"


def test_control_bidi_and_surrogate_characters_are_gone() -> None:
    [entry] = parse((HOSTILE / "control_characters.xml").read_bytes(), base_url="https://e.example/").entries
    assert entry.title.startswith("NUL bidi gnp.exe isolate surrogate")
    assert not set(entry.title + entry.url + entry.guid) & set("\0\x07\x1f\u202e\u202c\u2066\u2069\u2028\ud800\n")


def test_impossible_dates_are_no_dates() -> None:
    entries = parse((HOSTILE / "dates.xml").read_bytes()).entries
    assert len(entries) == 8
    assert {entry.published_at for entry in entries} == {None}


def test_the_child_gives_what_the_parent_would() -> None:
    body = (Path(__file__).parent / "corpus" / "wordpress.xml").read_bytes()
    assert confined.parse(body, base_url="https://e.example/") == parse(body, base_url="https://e.example/")


def test_a_child_over_its_limits_is_told_as_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "_BOOT", "import os; os.abort()")
    with pytest.raises(Unreadable, match="limits"):
        confined.parse(b"<rss/>")


def test_at_most_1000_items_reach_the_parser_and_the_cut_is_clean() -> None:
    body = HEAD + b"".join(b"<item><guid>%d</guid><title>t</title></item>" % i for i in range(1_500)) + TAIL
    guids = [entry.guid for entry in parse(body).entries]
    assert guids == [str(i) for i in range(1_000)]
    long = HEAD + b"".join(
        b"<item><guid>%d</guid><title>t</title><description>%s</description></item>" % (i, b"x" * 100_000)
        for i in range(80)
    )
    assert 40 <= len(parse(long + TAIL).entries) < 50
