"""Keeps libraries that log credentials from doing so, whatever level the operator asks for."""

from __future__ import annotations

import logging

__all__ = ["quiet"]


def quiet(*loggers: str) -> None:
    """Drops what these loggers say below WARNING, even after somebody turns them up again.

    A logger's filter is asked only for its own records, not its children's: give full names.
    """
    for name in loggers:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        if _warns not in logger.filters:
            logger.addFilter(_warns)


def _warns(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
