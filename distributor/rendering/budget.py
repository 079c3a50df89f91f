"""What one rendering may cost. Threads cannot interrupt Jinja, so its work is counted in steps and stops by itself.

A step is about a microsecond: one turn of a loop, one call, 64 characters written. Every value that an operation
could be made to grow, repeat or compare is weighed first, so that no single step is long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Any

from jinja2.exceptions import SecurityError

__all__ = ["DIGEST", "ITEMS", "OUTPUT", "PAGE", "POST", "STEPS", "TEXT", "Budget", "Meter", "meter", "metered"]

STEPS = 50_000  # a post
OUTPUT = 200_000  # characters of it in all
TEXT = 100_000  # characters of one value
ITEMS = 2_000  # of one list
DEPTH = 3  # lists within lists
BITS = 1_024  # of one integer

_CONTAINERS: tuple[type[Any], ...] = (
    list,
    tuple,
    dict,
    set,
    frozenset,
    type({}.keys()),
    type({}.values()),
    type({}.items()),
)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one rendering may take: steps, and characters written."""

    steps: int
    output: int


POST = Budget(STEPS, OUTPUT)
DIGEST = Budget(100_000, 500_000)  # twelve sections of five take 2,500 steps
PAGE = Budget(1_000_000, 5_000_000)  # an edition has all of its stories on the web: 600 take 15,000 steps


class Meter:
    """Counts the steps of one rendering; SecurityError when they are used up."""

    __slots__ = ("left",)

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise SecurityError("the template takes too many steps")

    def weigh(self, value: Any, depth: int = DEPTH) -> None:
        """Charge for looking at the whole of a value; lists nested deeper than `depth` are refused."""
        if isinstance(value, str):
            self.spend(len(value) >> 6)
            if len(value) > TEXT:
                raise SecurityError(f"a text of more than {TEXT:,} characters")
        elif isinstance(value, _CONTAINERS):
            if depth <= 0:
                raise SecurityError(f"lists within lists deeper than {DEPTH}")
            self.spend(len(value))
            if len(value) > ITEMS:
                raise SecurityError(f"a list of more than {ITEMS:,} items")
            for item in value.values() if isinstance(value, dict) else value:
                self.weigh(item, depth - 1)
        elif isinstance(value, int) and value.bit_length() > BITS:
            raise SecurityError("a number that is too large")

    def listed(self, values: Iterable[Any], weight: int = 0) -> list[Any]:
        """The values as a list, `weight` charged for each."""
        found = list(islice(values, ITEMS + 1))
        if len(found) > ITEMS:
            raise SecurityError(f"more than {ITEMS:,} items")
        self.spend(len(found) * (1 + max(weight, 0)))
        return found


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


def meter() -> Meter:
    """The meter of the rendering under way; a fresh one outside of any (Jinja compiling a constant)."""
    return _meter.get() or Meter()


@contextmanager
def metered(steps: int = STEPS) -> Iterator[Meter]:
    """Count what happens within on one new meter."""
    token = _meter.set(Meter(steps))
    try:
        yield meter()
    finally:
        _meter.reset(token)
