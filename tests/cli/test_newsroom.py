"""The commands that read a site, on the sample newsroom."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from distributor.sample import Newsroom
from distributor.sample.server import serve

from .conftest import Desk

pytestmark = pytest.mark.network


@pytest.fixture
def site() -> Iterator[str]:
    with serve(Newsroom(started=datetime.now(UTC))) as server:
        yield server.url


def test_init_writes_settings_that_work(desk: Desk, site: str) -> None:
    desk.path.unlink()
    said = desk("init", site, "--json")
    assert said.code == 0, said.err
    assert said.json["title"] == "The Harbour Courier"
    written = tomllib.loads(desk.path.read_text())
    assert written["sources"]["feed"]["url"] == f"{site}/atom.xml"
    assert written["sources"]["feed"]["category_map"]["Sports"] == "Sports"
    assert desk("sources", "check").code == 0
    assert desk.path.stat().st_mode & 0o777 == 0o600


def test_init_replaces_nothing_unless_told(desk: Desk, site: str) -> None:
    before = desk.path.read_text()
    said = desk("init", site)
    assert said.code == 2
    assert "--force" in said.err
    assert desk.path.read_text() == before
    assert desk("init", site, "--force").code == 0
    assert desk.path.read_text() != before


def test_init_without_an_address_leaves_an_example(desk: Desk) -> None:
    desk.path.unlink()
    assert desk("init").code == 0
    assert desk("channels", "list").out == "no channels\n"


def test_init_of_a_page_without_a_feed_writes_nothing(desk: Desk) -> None:
    desk.path.unlink()
    said = desk("init", "http://127.0.0.1:1/")
    assert said.code == 1
    assert "connection refused" in said.err
    assert not desk.path.exists()


def test_a_source_is_read_before_it_is_added(desk: Desk, site: str) -> None:
    desk.settings(desk.path.read_text() + f'\n[network]\nallow_hosts = ["{site.removeprefix("http://")}"]\n')
    told = desk("sources", "add", "courier", site, "--backfill", "3", "--json")
    assert told.code == 0, told.err
    assert told.json["found"]["items"] > 30
    assert tomllib.loads(desk.path.read_text())["sources"]["courier"]["backfill"] == 3
    said = desk("sources", "check", "courier")
    assert said.out.startswith("ok courier  The Harbour Courier")
    assert "next look in" in said.out
    assert desk("sources", "add", "nowhere", f"{site}/nothing-here").code == 1


def test_one_round_ends_with_its_counts_as_json(desk: Desk, site: str) -> None:
    place = site.removeprefix("http://")
    desk.settings(
        f'[sources.paper]\nurl = "{site}/feed.json"\nbackfill = 4\n[network]\nallow_hosts = ["{place}"]\n'
        '[channels.memory]\nkind = "memory"\n'
    )
    said = desk("run", "--once", "--json")
    assert said.code == 0, said.err
    counts = json.loads(said.out.splitlines()[-1])
    assert list(counts)[:2] == ["articles", "planned"]
    assert counts["planned"] == counts["sent"] == 4
    assert desk("doctor", "--json").json["exit_code"] == 0


def test_without_settings_the_sample_runs(desk: Desk) -> None:
    desk.path.unlink()
    counts = json.loads(desk("run", "--once", "--json").out.splitlines()[-1])
    assert counts["articles"] > 30
    assert counts["sent"] == counts["planned"] > 100


def test_a_sample_and_a_feed_exclude_each_other(desk: Desk) -> None:
    assert desk("run", "--sample", "--feed", "https://paper.example").code == 2


def test_a_feed_that_cannot_be_read_is_told_before_anything_starts(desk: Desk, site: str) -> None:
    said = desk("run", "--feed", "http://127.0.0.1:1/", "--json")
    assert said.code == 1
    assert "connection refused" in said.json["error"]["message"]
    said = desk("run", "--feed", f"{site}/nothing-here")
    assert (said.code, said.err.startswith("error: ")) == (1, True)
    assert desk("run", "--feed", " ").code == 2


def test_the_latest_five_of_a_site_go_to_previews(desk: Desk, site: str) -> None:
    counts = json.loads(desk("run", "--feed", site, "--once", "--json").out.splitlines()[-1])
    assert counts["sent"] == counts["planned"] == 5 * 4


def test_a_feed_is_not_added_twice(desk: Desk, site: str) -> None:
    place = site.removeprefix("http://")
    desk.settings(f'[sources.paper]\nurl = "{site}/atom.xml"\n[network]\nallow_hosts = ["{place}"]\n')
    for again in (f"{site}/atom.xml", site):
        said = desk("sources", "add", "again", again)
        assert (said.code, "paper watches that address already" in said.err) == (2, True)


def test_the_sample_has_mail_and_digests_without_any_setting(desk: Desk) -> None:
    from starlette.testclient import TestClient

    from distributor import config, enlisting, run, web
    from distributor.app import build_app
    from distributor.choosing import Ask

    desk.path.unlink()
    with run.sample_plan(run.public_port(0)) as plan:
        assert config.passing(plan.settings)
        assert plan.settings.path is not None
        assert plan.settings.path.stat().st_mode & 0o777 == 0o600
        run.run_once(plan)
        app = build_app(plan.settings, reload=plan.reload, wake=False)
        try:
            with TestClient(web.public_app(app), base_url=str(plan.settings.site.public_url)) as readers:
                assert readers.get("/subscribe").status_code == 200
            enlisting.add(app, Ask(address="anna@example.org", frequency="daily"), who="test", consent="a letter")
            beside = ("--config", str(plan.settings.path))
            assert desk("send", "--digest", "daily", "--yes", *beside).out.startswith("daily: 1 mail planned")
            with TestClient(web.admin_app(app), base_url="http://127.0.0.1:8000") as staff:
                assert "anna@example.org" in staff.get("/outbox").text
                shown = staff.get("/digests").text
            assert f"distributor --config {plan.settings.path} send --digest daily" in shown
            assert f"{plan.settings.site.public_url}/subscribe" in shown
            assert desk("status", *beside).out.startswith("The Sample")
        finally:
            app.fetcher.close()
            app.store.close()
    assert not plan.settings.path.exists()
