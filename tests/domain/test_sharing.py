"""Where "share this post on" leads, and which hosts count as a Mastodon instance."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor import sharing, text

URL = "https://paper.example/articles/1?lang=en&page=2"
TITLE = 'Tea & "sympathy" <b>at</b> 5 + 1 o’clock'
HOSTS = {
    "x": "x.com",
    "facebook": "www.facebook.com",
    "linkedin": "www.linkedin.com",
    "whatsapp": "wa.me",
    "telegram": "t.me",
    "bluesky": "bsky.app",
    "mastodon": "mastodon.example",
    "reddit": "www.reddit.com",
    "email": "",
}


def asked(network: str, url: str = URL, title: str = TITLE) -> dict[str, str]:
    address = sharing.address(network, url, title, "mastodon.example")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query, strict_parsing=True).items()}


@pytest.mark.parametrize("network", sharing.NETWORKS)
def test_every_network_gets_link_and_title_at_its_own_address(network: str) -> None:
    address = sharing.address(network, URL, TITLE, "mastodon.example")
    assert urlsplit(address).hostname == (HOSTS[network] or None)
    assert urlsplit(address).scheme == ("mailto" if network == "email" else "https")
    told = asked(network)
    assert any(URL in value for value in told.values())
    if network not in ("facebook", "linkedin"):  # these read the title from the page itself
        assert any(TITLE in value for value in told.values())


@pytest.mark.parametrize("network", sharing.NETWORKS)
@given(title=st.text(max_size=700), path=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=600))
def test_whatever_the_title_is_the_address_is_one_plain_line(network: str, title: str, path: str) -> None:
    url = "https://paper.example/" + path
    address = sharing.address(network, url, title, "mastodon.example")
    assert address.isascii()
    assert address.isprintable()
    assert " " not in address
    assert urlsplit(address).hostname == (HOSTS[network] or None)
    assert any(url in value for value in asked(network, url, title).values())


@pytest.mark.parametrize("network", ["x", "bluesky", "mastodon"])
@given(title=st.text(max_size=700))
def test_what_a_network_counts_fits_into_one_post(network: str, title: str) -> None:
    told = asked(network, title=title)
    whole = f"{told.get('text', '')} {URL}" if network == "x" else told["text"]
    assert text.measure(network, whole.strip()).fits


def test_a_mail_has_no_pluses_for_spaces() -> None:
    assert "+" not in sharing.address("email", "https://paper.example/a", "two words")


def test_a_network_that_nobody_knows_has_no_address() -> None:
    with pytest.raises(KeyError):
        sharing.address("myspace", URL, TITLE)


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("mastodon.social", "mastodon.social"),
        (" Mastodon.Social. ", "mastodon.social"),
        ("@jane@mastodon.social", "mastodon.social"),
        ("https://mastodon.social/@jane", "mastodon.social"),
        ("https://mastodon.social@evil.example/", "evil.example"),
        ("münchen.social", "xn--mnchen-3ya.social"),
        ("mаstodon.social", "xn--mstodon-2fg.social"),  # a Cyrillic a
    ],
)
def test_an_instance_is_found_in_what_readers_write(given: str, host: str) -> None:
    assert sharing.instance(given) == host


@pytest.mark.parametrize(
    "given",
    [
        "", "mastodon", "localhost", "app.localhost", "127.0.0.1", "2130706433", "0x7f.1", "http://[::1]/", "http://[",
        "evil.example:8080", "https://evil.example:8080/", "javascript://evil.example/", "ftp://evil.example/", "a..b",
        "-a.example", "a b.example", "evil.example?x", "evil.example#x", "evil.example\\@good.example:1",
        "x" * 300 + ".example", "\ud800.example",
    ],
)  # fmt: skip
def test_what_is_no_public_name_is_no_instance(given: str) -> None:
    assert sharing.instance(given) == ""


@given(st.text(max_size=100))
def test_an_instance_is_a_plain_name_or_nothing(given: str) -> None:
    host = sharing.instance(given)
    assert host == "" or urlsplit(f"https://{host}/share").hostname == host
