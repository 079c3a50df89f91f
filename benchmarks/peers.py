"""Other programs that do a part of the job, measured beside ours. Each lives in a virtual environment of its own,

made at the first run in the user's cache folder; where no package index answers, the run says so and goes on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.newsstand import Newsstand
from benchmarks.stage import child

__all__ = ["apprise", "environment", "rss2email"]

CONFIG = """[DEFAULT]
from = bot@paper.example
to = reader@paper.example
email-protocol = maildir
maildir-path = {maildir}
maildir-mailbox =
html-mail = False
verbose = error
"""

APPRISE = """
import time, apprise
bot = apprise.Apprise()
assert bot.add("{url}?batch=no")
start = time.perf_counter()
for number in range(200):
    assert bot.notify(title=f"Article number {{number}}", body="This is its summary, and here is its link.")
print(200 / (time.perf_counter() - start))
"""


def environment(package: str, *more: str) -> Path | None:
    """The environment's `bin` folder, with these packages in it; None where they cannot be installed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "distributor-benchmarks" / package
    python = cache / "bin" / "python"
    try:
        if not (cache / "installed").exists():
            subprocess.run([sys.executable, "-m", "venv", cache], check=True, capture_output=True, timeout=120)
            install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package, *more]
            subprocess.run(install, check=True, capture_output=True, timeout=300)
            (cache / "installed").touch()
    except (OSError, subprocess.SubprocessError):
        return None
    return python.parent


def rss2email(place: Path, urls: list[str], stand: Newsstand) -> dict[str, Any]:
    """Feeds a second of `r2e run`: unchanged, and with one new item each, written to a maildir."""
    where = environment("rss2email")
    if where is None:
        return {"peer": "rss2email could not be installed"}
    home = place / "rss2email"
    for name in ("new", "cur", "tmp"):
        (home / "mail" / name).mkdir(parents=True)
    tables = "".join(f"[feed.s{number}]\nurl = {url}\n" for number, url in enumerate(urls))
    (home / "config").write_text(CONFIG.format(maildir=home / "mail") + tables)

    def run() -> float:
        start = time.perf_counter()
        command = [str(where / "r2e"), "-c", str(home / "config"), "-d", str(home / "data.json"), "run"]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        return time.perf_counter() - start

    run()
    unchanged = min(run() for _ in range(2))
    before = _mails(home)
    stand.issue()
    changed = run()
    mails = _mails(home) - before
    return {
        "rss2email_feeds": len(urls),
        "rss2email_unchanged_per_s": round(len(urls) / unchanged),
        "rss2email_changed_per_s": round(mails / changed),
    }


def _mails(home: Path) -> int:
    return sum(1 for path in (home / "mail").rglob("*") if path.is_file())


def apprise(place: Path) -> dict[str, Any]:
    """Posts a second of apprise's library to a Mastodon twin: no ledger, no fsync, nothing is remembered."""
    where = environment("apprise")
    if where is None:
        return {"peer": "apprise could not be installed"}
    with child([sys.executable, "-m", "tests.twins.mastodon", "--log", str(place / "apprise.log")]) as twin:
        assert twin.stdout is not None
        url = twin.stdout.readline().strip().replace("http://", "mastodon://token@")
        script = APPRISE.format(url=url)
        done = subprocess.run([str(where / "python"), "-c", script], capture_output=True, text=True, timeout=120)
    if done.returncode:
        return {"peer": f"apprise failed: {done.stderr.strip().splitlines()[-1:]}"}
    return {"apprise_per_s": round(float(done.stdout))}
