"""Answers as the guarded client gives them, and a client that gives them from a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from distributor.errors import Unreachable


class Headers(dict[str, str]):
    """Header names in any case."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in pairs.items()})

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return super().get(name.lower(), default)


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: Headers({}))
    url: str = "https://paper.example/feed"
    moved_to: str = ""


@dataclass
class Table:
    """A Get that answers from a table by address; what is not there is 404, what is None cannot be reached."""

    answers: dict[str, Answer | None] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, headers: Mapping[str, str] | None = None, *, max_bytes: int | None = None) -> Answer:
        self.asked.append((url, dict(headers or {})))
        answer = self.answers.get(url, Answer(status=404, url=url))
        if answer is None:
            raise Unreachable(f"{url} cannot be reached")
        return answer
