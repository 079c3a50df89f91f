"""What strangers post: bounded, decoded, judged. A form is fields by name, each a list of words without controls."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from distributor.web.bodies import bounded

__all__ = ["Form", "endpoint"]

MOST = 32 * 1024  # bytes of a form; ours take 2,000
MOST_FIELDS = 400
LONGEST = 1_000  # characters of one field
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Form:
    """The fields. `one` gives the last of a name, "" if there is none; a browser sends unticked boxes not at all."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        return (self.fields.get(name) or ("",))[-1]

    def all(self, name: str) -> list[str]:
        return list(self.fields.get(name) or ())

    def has(self, name: str) -> bool:
        return name in self.fields


def endpoint(
    *, get: Callable[[Request], Response], post: Callable[[Request, Form], Response] | None = None
) -> Callable[[Request], Awaitable[Response]]:
    """One page: `get` shows, `post` acts. Both run in a thread, so they may wait for the database."""

    async def answer(request: Request) -> Response:
        if request.method != "POST" or post is None:
            return await run_in_threadpool(get, request)
        return await run_in_threadpool(post, request, await _read(request))

    return answer


async def _read(request: Request) -> Form:
    """urlencoded and multipart (RFC 8058 asks for both); what is neither has no fields. Raises 400 and 413."""
    body = await bounded(request, MOST)

    async def replay() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    fields: dict[str, list[str]] = {}
    async with Request(request.scope, replay).form(max_files=0, max_fields=MOST_FIELDS) as form:
        for name, value in form.multi_items():
            if isinstance(value, str) and len(fields) < MOST_FIELDS:
                fields.setdefault(clean(name), []).append(clean(value))
    return Form(fields)


def clean(value: str) -> str:
    """One line of at most LONGEST characters, without what no name or address has.

    Bytes that are no UTF-8 became U+FFFD: an address with one is refused as any that is none.
    """
    return _CONTROLS.sub(" ", value[: LONGEST + 1]).strip()[:LONGEST]
