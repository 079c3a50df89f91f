"""One address for one article."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.sources.canonical import canonical, same_site


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://WWW.Example.ORG:443/A/b?utm_source=x&UTM_Medium=y&id=7#top", "https://www.example.org/A/b?id=7"),
        ("http://example.org", "http://example.org/"),
        ("https://example.org/a/?fbclid=1&gclid=2&mc_cid=3&igshid=4", "https://example.org/a/"),
        ("https://example.org/a?b=2&a=1", "https://example.org/a?b=2&a=1"),
        ("https://example.org/a?ref=rss", "https://example.org/a"),
        ("https://example.org/a?ref=123", "https://example.org/a?ref=123"),
        ("https://example.org/a?source=rss----1---4", "https://example.org/a"),
        ("https://example.org/a?source=rsspublishing", "https://example.org/a?source=rsspublishing"),
        ("https://example.org/%7euser/%c3%a9?q=%2f", "https://example.org/~user/%C3%A9?q=%2F"),
        ("https://example.org/é ü", "https://example.org/%C3%A9%20%C3%BC"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.org/a/../b/./c", "https://example.org/b/c"),
        ("https://user:pw@example.org:8443/", "https://example.org:8443/"),
        ("https://example.org./a", "https://example.org/a"),
        ("https://example.org/#!/story/1", "https://example.org/#!/story/1"),
        ("https://example.org/a?", "https://example.org/a"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("not a url", "not a url"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_canonical_addresses(url: str, expected: str) -> None:
    assert canonical(url) == expected


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=80), st.text(max_size=40), st.text(max_size=20))
def test_it_is_idempotent(path: str, query: str, host: str) -> None:
    for url in (f"https://example.org/{path}?{query}", f"http://{host}/{path}#{query}", path):
        assert canonical(canonical(url)) == canonical(url)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.example.org/a", "http://example.org/b", True),
        ("https://m.example.org/a", "https://www.example.org/b", True),
        ("https://example.org.evil.example/", "https://example.org/", False),
        ("https://notexample.org/", "https://example.org/", False),
        ("https://org/", "https://example.org/", False),
        ("", "https://example.org/", False),
    ],
)
def test_same_site(one: str, other: str, same: bool) -> None:
    assert same_site(one, other) is same
