"""`python -m benchmarks.mail`: what is asked for, and all figures as one JSON object on the last line.

100,000 mails of about 38 KB to readers of 200 category sets, RSA-2048, two worker processes (--quick: 5,000 and 10, so
that a set has as many readers).

    msgs_per_s       by the sink's clock, through the durable ledger: the lower of SQLite and PostgreSQL
    of_smtp_source   the same, in shares of smtp-source with 10 sessions and mails of the same size, in the same run
    of_peer          the same, as a multiple of django-newsletter
    rss_growth_mb    the most memory of a worker above what it had idle, its app built and one mail drained
    plan_1m_s        a slot of 1,000,000 readers becomes due: seconds until the first mail is at the sink
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from benchmarks import stage
from benchmarks.mail import others, rounds, servers
from distributor import logs

__all__ = ["Size", "measure", "summary"]

GOALS = {
    "msgs_per_s": "4,500",
    "of_smtp_source": "0.65",
    "of_peer": "25",
    "rss_growth_mb": "16",
    "plan_1m_s": "10",
}
BYTES = 38_000
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Size:
    """`mails` through each database to readers of `sets` categories' sets; `yardstick` by smtp-source and an eighth of
    it by smtplib, `peer` by the peer; `crowd` readers planned.
    """

    mails: int
    sets: int
    yardstick: int
    peer: int
    crowd: int


FULL = Size(mails=100_000, sets=200, yardstick=40_000, peer=1_000, crowd=1_000_000)
QUICK = Size(mails=5_000, sets=10, yardstick=5_000, peer=200, crowd=20_000)


def measure(size: Size, *, tls: bool = False, databases: Sequence[str] = DATABASES) -> dict[str, Any]:
    """Everything, in one run. With `tls` the mails go through a TLS relay before the sink, and so do the others."""
    found: dict[str, Any] = {"mails": size.mails, "sets": size.sets, "tls": tls}
    with rounds.office("sqlite", tls=tls, sets=size.sets) as place:
        signing = rounds.signing(place, 1_000)
        alone = rounds.engine_alone(place, size.mails)
    found |= {"mail_bytes": alone.bytes, "rsa_signature_us": round(signing), "engine_alone": alone.to_json()}
    found |= yardsticks(size, alone.bytes, tls=tls)
    for database in databases:
        try:
            found[database] = through(database, size, tls=tls)
        except (pytest.skip.Exception, pytest.fail.Exception) as missing:
            found[database] = {"missing": str(missing)}
    return {**summary(found, databases), **found}


def through(database: str, size: Size, *, tls: bool) -> dict[str, Any]:
    with rounds.office(database, tls=tls, sets=size.sets) as place:
        told = rounds.drained(place, size.mails).to_json()
    with rounds.office(database, tls=tls, sets=size.sets) as place:
        return told | {"plan": rounds.planned(place, size.crowd)}


def yardsticks(size: Size, length: int, *, tls: bool) -> dict[str, Any]:
    """smtp-source knows no TLS: with --tls it goes through the same relay without it, one hop more as for us."""
    with stage.folder() as place, servers.sink(place) as sink:
        if not tls:
            return _yardsticks(size, length, sink, sink.port, place, tls=False)
        with servers.tls_relay(place, sink.port, tls=False) as plain, servers.tls_relay(place, sink.port) as secure:
            found = _yardsticks(size, length, sink, secure, place, tls=True)
            hop = others.smtp_source(sink, size.yardstick, length, 10, port=plain)
            return found | {"smtp_source_10_per_s": round(hop)}


def _yardsticks(size: Size, length: int, sink: servers.Sink, port: int, place: Any, *, tls: bool) -> dict[str, Any]:
    few = size.yardstick // 8
    return {
        "smtp_source_10_per_s": round(others.smtp_source(sink, size.yardstick, length, 10)),
        "smtp_source_1_per_s": round(others.smtp_source(sink, few * 2, length, 1)),
        "smtplib_1_per_s": round(others.smtplib(port, few, length, 1, tls=tls)),
        "smtplib_4_per_s": round(others.smtplib(port, few, length, 4, tls=tls)),
        **others.django_newsletter(sink, place, size.peer, length),
    }


def summary(found: dict[str, Any], databases: Sequence[str]) -> dict[str, Any]:
    """The figures that have goals: of the databases that were there, the worse one each time."""
    there = [found[name] for name in databases if "msgs_per_s" in found[name]]
    speed = min((one["msgs_per_s"] for one in there), default=None)
    source, peer = found.get("smtp_source_10_per_s"), found.get("django_newsletter_per_s")
    return {
        "msgs_per_s": speed,
        "of_smtp_source": round(speed / source, 3) if speed and source else None,
        "of_peer": round(speed / peer, 1) if speed and peer else None,
        "rss_growth_mb": max((one["rss_growth_mb"] for one in there), default=None),
        "plan_1m_s": max((one["plan"]["first_mail_s"] for one in there), default=None),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="5,000 mails; plan_1m_s is then of 20,000 readers")
    parser.add_argument("--tls", action="store_true", help="smtps, through a relay that ends TLS before the sink")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    parser.add_argument("--database", action="append", choices=DATABASES, help="only this one")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever ends it ends all that it started
    logs.configure(level="WARNING")
    try:
        found = measure(QUICK if given.quick else FULL, tls=given.tls, databases=given.database or DATABASES)
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:  # how tests.servers says it
        sys.exit(f"error: {missing}")
    stage.tell(found, stage.Options(given.quick, given.json), goals=GOALS)


if __name__ == "__main__":
    main()
