"""How fast feeds are parsed, and how often as feedparser does: `python -m benchmarks.parsing [--quick] [--json]`.

The last line is one JSON object. `agreement` is the share of feeds where the count of entries, and each entry's
GUID, link, title and date equal feedparser's; titles are compared as plain text, links as absolute addresses.
feedparser reads no JSON Feed, so fastfeedparser is the reference for those.
All three parsers run over the same bytes in the same process.
"""

from __future__ import annotations

import argparse
import calendar
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from distributor.errors import Unreadable
from distributor.sources import clean, dates
from distributor.sources.parse import parse

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data" / "feeds"
CORPUS = ROOT / "tests" / "sources" / "corpus"
BASE = "https://site.example/feed.xml"


@dataclass(frozen=True)
class Row:
    """What is compared of one entry."""

    guid: str | None
    link: str
    title: str
    date: datetime | None


def feeds(folder: Path) -> list[Path]:
    """The feeds below a folder; what another parser made of them (`.serde.json`) is none."""
    files = (path for path in folder.rglob("*") if path.suffix in {".xml", ".atom", ".rdf", ".json"})
    return sorted(path for path in files if not path.name.endswith(".serde.json"))


def ours(body: bytes) -> list[Row] | None:
    try:
        entries = parse(body, content_type="application/xml", base_url=BASE).entries
    except Unreadable:
        return None
    return [Row(entry.guid, entry.url, entry.title, entry.published_at) for entry in entries]


def by_feedparser(body: bytes) -> list[Row] | None:
    found = run_feedparser(body)
    return [_row(entry) for entry in found.entries] if found.entries or found.version else None


def by_fastfeedparser(body: bytes) -> list[Row] | None:
    try:
        found = run_fastfeedparser(body)
    except Exception:
        return None
    return [_fast_row(entry) for entry in found.entries]


def run_feedparser(body: bytes) -> Any:
    import feedparser

    return feedparser.parse(io.BytesIO(body), response_headers={"content-type": "application/xml"})


def run_fastfeedparser(body: bytes) -> Any:
    import fastfeedparser

    return fastfeedparser.parse(body)


def _row(entry: Any) -> Row:
    kind = (entry.get("title_detail") or {}).get("type", "")
    moment = entry.get("published_parsed") or entry.get("created_parsed") or _updated(entry)
    return Row(
        guid=entry.get("id") or None,
        link=clean.link(entry.get("link") or "", BASE),
        title=clean.title(entry.get("title") or "", html="html" in kind),
        date=datetime.fromtimestamp(calendar.timegm(moment), UTC) if moment else None,
    )


def _updated(entry: Any) -> Any:
    """Asked without looking first, feedparser warns and answers with the date of publication."""
    return entry["updated_parsed"] if "updated_parsed" in entry else None  # noqa: SIM401 (its get() warns)


def _fast_row(entry: Any) -> Row:
    addresses = [link.get("href") for link in entry.get("links") or []]
    return Row(
        guid=str(entry.get("id") or "") or None,
        link=clean.link(entry.get("link") or next((address for address in addresses if address), ""), BASE),
        title=clean.title(entry.get("title") or "", html=None),
        date=dates.parse(str(entry.get("published") or entry.get("updated") or "")),
    )


def differences(mine: list[Row] | None, reference: list[Row] | None) -> list[str]:
    """Where two parsers disagree. Where the reference has no GUID, ours is a stand-in and is not compared."""
    if not mine and not reference:
        return []
    if mine is None or reference is None or len(mine) != len(reference):
        return [f"count {None if mine is None else len(mine)} / {None if reference is None else len(reference)}"]
    return [
        f"{name} {getattr(one, name)!s:.60} / {getattr(other, name)!s:.60}"
        for one, other in zip(mine, reference, strict=True)
        for name in ("guid", "link", "title", "date")
        if getattr(one, name) != getattr(other, name) and not (name == "guid" and other.guid is None)
    ]


def reference(path: Path, body: bytes) -> list[Row] | None:
    return by_fastfeedparser(body) if path.suffix == ".json" else by_feedparser(body)


def speed(function: Callable[[bytes], object], bodies: Iterable[bytes], rounds: int) -> float:
    """Feeds a second: the median of `rounds`, after one to warm up."""
    bodies = list(bodies)
    taken = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        for body in bodies:
            try:
                function(body)
            except Exception:
                continue
        taken.append(time.perf_counter() - start)
    return len(bodies) / median(taken[1:])


def agreement(paths: list[Path], parser: Callable[[bytes], list[Row] | None]) -> tuple[float, dict[str, list[str]]]:
    found = {}
    for path in paths:
        body = path.read_bytes()
        wrong = differences(parser(body), reference(path, body))
        if wrong:
            found[path.name] = wrong
    return (1 - len(found) / len(paths) if paths else 0.0), found


def measure(*, quick: bool) -> dict[str, Any]:
    shared, own = feeds(SHARED) if SHARED.is_dir() else [], feeds(CORPUS)
    paths = shared + own
    bodies = [path.read_bytes() for path in paths]
    rounds = 3 if quick else 9
    share, wrong = agreement(paths, ours)
    xml = [path for path in paths if path.suffix != ".json"]
    return {
        "feeds": len(paths),
        "shared_feeds": len(shared),
        "bytes": sum(map(len, bodies)),
        "feeds_per_s": round(speed(lambda body: parse(body, base_url=BASE), bodies, rounds), 1),
        "agreement": round(share, 4),
        "agreement_shared": round(agreement(shared, ours)[0], 4) if shared else None,
        "agreement_own": round(agreement(own, ours)[0], 4),
        "feedparser_per_s": round(speed(run_feedparser, bodies, 1 if quick else 3), 1),
        "fastfeedparser_per_s": round(speed(run_fastfeedparser, bodies, rounds), 1),
        "fastfeedparser_agreement": round(agreement(xml, by_fastfeedparser)[0], 4),
        "disagreements": {name: lines[:3] for name, lines in wrong.items()},
    }


def table(found: dict[str, Any]) -> str:
    rows = [
        ("parser", "feeds/s", "agreement"),
        ("distributor", f"{found['feeds_per_s']:,.0f}", f"{found['agreement']:.3f}"),
        ("feedparser", f"{found['feedparser_per_s']:,.0f}", "the reference"),
        ("fastfeedparser", f"{found['fastfeedparser_per_s']:,.0f}", f"{found['fastfeedparser_agreement']:.3f}"),
    ]
    lines = [f"{found['feeds']} feeds, {found['bytes']:,} bytes; distributor also sanitises bodies and picks pictures"]
    if not found["shared_feeds"]:
        lines.append("../shared/data/feeds is not there: only the project's own corpus was used")
    lines += [f"{name:<16}{speed:>10}  {share}" for name, speed, share in rows]
    lines += [f"differs  {name}: {'; '.join(wrong)}" for name, wrong in found["disagreements"].items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    options = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = measure(quick=options.quick)
    if not options.json:
        sys.stdout.write(table(found) + "\n")
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
