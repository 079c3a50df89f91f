"""What a person writes for a domain, and the organisation it belongs to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import ConfigError
from distributor.mail.checks import domain_name, organisation


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("paper.example", "paper.example"),
        (" News.Paper.Example. ", "news.paper.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("3com.com", "3com.com"),
    ],
)
def test_a_domain_is_taken_as_dns_knows_it(text: str, name: str) -> None:
    assert domain_name(text) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("https://paper.example/news", "is a URL"),
        ("paper.example/news", "is a URL"),
        ("news@paper.example", "is an address"),
        ("The Paper <news@paper.example>", "is an address"),
        ("localhost", "no dot"),
        ("192.0.2.1", "is an IP address"),
        ("[2001:db8::1]", "is an IP address"),
        ("a..example", "is no domain name"),
        ("-a.example", "is no domain name"),
        ("under_score.example", "is no domain name"),
        ("paper.example\r\nx", "is no domain name"),
        ("paper.example:25", "is no domain name"),
        ("a.123", "is no domain name"),
        ("x" * 64 + ".example", "is no domain name"),
        ("a." * 150 + "example", "longer than the 253"),
        ("é" * 300 + ".example", "is no domain name"),
        ("☃︎\u202e.example", "is no domain name"),
    ],
)
def test_what_is_no_domain_is_one_clear_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as raised:
        domain_name(text)
    assert len(str(raised.value)) < 150
    assert "paper.example" in raised.value.hint


@given(st.text(max_size=300))
def test_any_text_is_a_domain_or_a_clear_no(text: str) -> None:
    try:
        name = domain_name(text)
    except ConfigError:
        return
    assert name.isascii()
    assert len(name) <= 253
    assert domain_name(name) == name


@pytest.mark.parametrize(
    ("domain", "parent"),
    [
        ("paper.example", "paper.example"),
        ("a.b.paper.example", "paper.example"),
        ("news.paper.co.uk", "paper.co.uk"),
        ("paper.com", "paper.com"),
        ("a.paper.github.io", "paper.github.io"),
        ("news.xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
    ],
)
def test_the_organisation_is_one_label_below_the_public_suffix(domain: str, parent: str) -> None:
    assert organisation(domain) == parent
