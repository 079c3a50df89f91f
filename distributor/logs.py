"""Logs: one line an event, on standard error; JSON where nobody watches. No secret passes."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

__all__ = ["configure"]

# These write whole requests, headers and all, at DEBUG.
TALKATIVE = (
    "tweepy",
    "oauthlib",
    "requests_oauthlib",
    "requests",
    "urllib3",
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "telegram",
    "mastodon",
    "asyncio",
    "kombu",
    "amqp",
    "PIL",
    "trafilatura",
    "htmldate",
    "courlan",
)
MASK = "***"


def configure(secrets: Iterable[str] = (), *, level: str = "INFO", stream: Any = None) -> None:
    """Sets up logging for this process. `secrets` are replaced wherever they would show."""
    out = stream or sys.stderr
    hide = _hider(sorted(secrets, key=len, reverse=True))
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=not os.environ.get("NO_COLOR"), pad_event_to=0)
        if getattr(out, "isatty", lambda: False)()
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, hide, renderer],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("kombu.connection").addFilter(_worth_telling)
    for name in ("celery", "uvicorn", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING if root.level <= logging.INFO else root.level)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _worth_telling(record: logging.LogRecord) -> bool:
    """`memory://` has no host, and needs none."""
    return "No hostname was supplied" not in record.getMessage()


def _hider(secrets: list[str]) -> Any:
    def hide(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: _hidden(value, secrets) for key, value in event.items()}

    return hide


def _hidden(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
        return value
    if isinstance(value, dict):
        return {key: _hidden(one, secrets) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(one, secrets) for one in value]
    if value is None or isinstance(value, (int, float, bool)):
        return value
    return _hidden(str(value), secrets)
