"""How long, how large and how many."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FetchLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Seconds, bytes and counts.

    `silence` is the longest wait for the first byte, and between any two. `wire` is what comes over the network,
    `unpacked` the body, `ratio` how many times larger it may be. `at_once` is the number of requests in the air,
    `per_host` of those to one host, `per_listed_host` to one on the allow-list (the operator's own).
    """

    connect: float = 5.0
    silence: float = 10.0
    whole: float = 30.0
    wire: int = 10_000_000
    unpacked: int = 50_000_000
    ratio: int = 100
    headers: int = 64 * 1024
    at_once: int = 200
    per_host: int = 4
    per_listed_host: int = 32
