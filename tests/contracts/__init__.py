"""Contracts: tests that every implementation of a protocol must pass."""

import pytest

MODULES = ("accounts", "channel", "ledger", "queue", "readers", "store")
pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in MODULES))
