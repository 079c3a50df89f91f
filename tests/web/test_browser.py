"""The page in a real browser: it keeps itself up to date, in every size and in both schemes, without a complaint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from distributor import web
from distributor.context import App
from distributor.model import Image
from tests import servers
from tests.desk import Clock, entry, ingest
from tests.web.conftest import send_all

pytestmark = pytest.mark.server("chromium")

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung" * 3
ARABIC = "قرية عين الرمان تعيد الماء إلى قنواتها القديمة"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    """A page of a new profile, with `complaints`: what the browser's console said."""
    from playwright.sync_api import sync_playwright

    path = servers.program("chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=path, args=ARGUMENTS, viewport={"width": 1280, "height": 900}
        )
        try:
            yield context.pages[0] if context.pages else context.new_page()
        finally:
            context.close()


def test_cards_appear_without_reloading_and_nothing_overflows(app: App, page: Any, clock: Clock) -> None:
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    picture = Image("data:image/png;base64,AAAA", alt="a boat")
    ingest(app, entry(1, image=picture, title=LONG), entry(2, title=ARABIC, language="ar"))
    send_all(app)
    with web.serve(web.admin_app(app), "127.0.0.1", 0) as server:
        page.goto(server.url)
        assert page.locator(".story").count() == 2
        page.evaluate("window.kept = true")

        ingest(app, entry(3, published_at=clock.forward(minutes=1)))
        story = page.locator("#article-3")
        story.wait_for(timeout=10_000)
        assert page.locator(".story").first.get_attribute("id") == "article-3"
        assert story.locator(".state-pending").count() == 4
        send_all(app)
        page.locator("#article-3 .state-sent").nth(3).wait_for(timeout=10_000)
        assert page.locator(".sum").inner_text().startswith("12 planned = 12 sent")
        assert page.evaluate("window.kept") is True
        assert page.locator("#pulse").inner_text().strip() == "live"

        words = page.locator(f".story:has-text('{ARABIC}') .text").first
        words.scroll_into_view_if_needed()
        assert words.evaluate("node => getComputedStyle(node).direction") == "rtl"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (360, 768, 1440):
                page.set_viewport_size({"width": width, "height": 800})
                for path in ("/", "/articles/1", "/channels/telegram", "/deliveries/1", "/nowhere"):
                    if path != "/nowhere":
                        page.goto(server.url + path)
                    assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width, path)
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(app: App, page: Any, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text."""
    ingest(app, entry(1, words=("Business", "Strange"), breaking=True), entry(2))
    send_all(app)
    ingest(app, entry(3))
    with web.serve(web.admin_app(app), "127.0.0.1", 0) as server:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for path in ("/", "/articles/1", "/deliveries/1"):
            page.goto(server.url + path)
            assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = (node) => {
    const layers = [];
    for (let one = node; one; one = one.parentElement) layers.push(parse(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const wrong = new Set();
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.offsetParent || node.closest(".unseen, .skip, [aria-hidden]")) continue;
    const below = ground(node);
    const [a, b] = [light(over(parse(getComputedStyle(node).color), below)), light(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const words = node.textContent.trim().slice(0, 20);
    if (ratio < 4.5) wrong.add(`${node.className || node.tagName} ${ratio.toFixed(2)} ${words}`);
  }
  return [...wrong];
}"""
