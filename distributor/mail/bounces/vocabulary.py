"""The words of mail systems, read once from `vocabulary.toml`, which says how they are written, and their sources."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Table", "Vocabulary", "vocabulary"]

Words = tuple[str, ...]
Table = tuple[tuple[str, Words], ...]  # ordered: reason, its words


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`status` maps a code to a reason: whole (`4.4.4`), without its class (`1.1`), or all of a subject (`7`)."""

    subject: Words
    absent: Words
    challenge: Words
    failure: Words
    delay: Words
    original: Words
    original_rule: Words
    recipient: Words
    sender: Words
    filter: Words
    hearsay: Words
    passing: Words
    status: dict[str, str]
    reasons: Table
    weak: Table
    outweighing: Table


@cache
def vocabulary() -> Vocabulary:
    data: dict[str, Any] = tomllib.loads(files(__package__).joinpath("vocabulary.toml").read_text(encoding="utf-8"))
    for name, value in data.items():
        if name == "status":
            data[name] = {code: reason for reason, codes in value.items() for code in codes}
        elif name in ("reasons", "weak", "outweighing"):
            data[name] = tuple((row["reason"], tuple(row["words"])) for row in value)
        else:
            data[name] = tuple(value)
    return Vocabulary(**data)
