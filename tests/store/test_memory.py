"""The store in memory: the twin for tests."""

from tests.contracts.store import StoreContract


class TestMemory(StoreContract):
    pass
