"""A newsroom's folder with its settings and ledger, and the command line run in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner

from distributor import logs
from distributor.cli.root import cli
from distributor.model import Entry
from distributor.store import Store
from tests.desk import Clock, entry, ingest, make_app

SETTINGS = """\
# The Paper's own settings.
[site]
name = "The Paper"
timezone = "Europe/Paris"

[sources.paper]
url = "https://paper.example/feed"      # the main feed
category_map = { world = "World News" }

[channels.memory]
kind = "memory"                         # takes everything

[channels.sports]
kind = "preview"
network = "telegram"
categories = ["Sports"]
"""


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """Run commands as in a shell of this folder."""

    folder: Path
    env: dict[str, str | None] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / "distributor.toml"

    def __call__(self, *words: str, input: str | bytes | None = None) -> Said:
        result = CliRunner().invoke(cli, list(words), input=input, env=self.env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return Said(result.exit_code, result.stdout, result.stderr)

    def settings(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        self.path.chmod(0o600)

    def article(self, number: int = 1, **changes: Any) -> None:
        """An article of the source "paper", as a poll would bring it."""
        self.articles([entry(number, **{"published_at": datetime.now(UTC), "words": ("Business",), **changes})])

    def articles(self, entries: Sequence[Entry], **batch: Any) -> None:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        store = Store(f"sqlite:///{data / 'distributor.db'}").open()
        app = make_app(self.path.read_text(), self.folder, clock=Clock(datetime.now(UTC)), store=store)
        try:
            ingest(app, *entries, **batch)
        finally:
            store.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    # Logging is the whole process's, and would keep this test's streams; the tests of the entry point see it as it is.
    monkeypatch.setattr(logs, "configure", lambda *_, **__: None)
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory(), cache_logger_on_first_use=False)
    monkeypatch.chdir(tmp_path)
    for name in ("DISTRIBUTOR_CONFIG", "DISTRIBUTOR_DATABASE", "DISTRIBUTOR_DATA", "DISTRIBUTOR_BROKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = Desk(tmp_path)
    found.settings(SETTINGS)
    yield found
    structlog.configure(**before)
