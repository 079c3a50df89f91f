"""What an operator's template can and cannot do, and how its faults are told."""

from __future__ import annotations

import os
import time
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from distributor.errors import TemplateError
from distributor.rendering.budget import OUTPUT, TEXT
from distributor.rendering.sandbox import SOURCE, Sandbox

VALUES: dict[str, Any] = {
    "title": "<b>Lake & river</b>",
    "article": {"title": "Lake", "image": None, "tags": ["a", "b"], "published_at": "2026-03-01T23:30:00+00:00"},
    "words": ["one", "two", "three"],
    "link": "https://news.example/a?b=1&c=2",
}


class Desk:
    """A folder with a template in it, and what it makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandboxes = {html: Sandbox([folder], html=html, zone=UTC) for html in (False, True)}

    def write(self, source: str | bytes, name: str = "post/a.j2") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.encode() if isinstance(source, str) else source)
        return path

    def render(self, source: str | bytes, *, html: bool = False, **values: Any) -> str:
        self.write(source)
        return self.sandboxes[html].render("post/a.j2", VALUES | values)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


ESCAPES = [
    # Attributes of Python objects
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ words['__class__'] }}",
    "{{ article['__class__'] }}",
    "{{ article.__init__.__globals__ }}",
    "{{ range.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ namespace.mro() }}",
    "{{ nope.__class__ }}",
    "{{ loop }}",
    "{% for i in words %}{{ loop.__class__ }}{% endfor %}",
    "{% for i in words %}{{ loop._iterable }}{% endfor %}",
    "{% for i in words %}{{ loop('x') }}{% endfor %}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "{% macro m() %}{% endmacro %}{{ m.name }}",
    "{{ words|map(attribute='__class__')|join }}",
    "{{ words|map(attribute='__class__.__mro__')|join }}",
    "{{ words|selectattr('__class__')|list|join }}",
    "{{ words|sort(attribute='__class__')|join }}",
    "{{ words|join(',', attribute='__class__') }}",
    "{{ (1).__class__ }}",
    "{{ 1.0.real }}",
    "{{ article.published_at.__class__ }}",
    # Formatters (CVE-2016-10745, CVE-2019-10906, CVE-2024-56326, CVE-2025-27516)
    "{{ '{0.__class__}'.format(title) }}",
    "{{ '{0.__class__}'.format_map(article) }}",
    "{{ '{0.__class__}'['format'](title) }}",
    "{{ ('{0.__class__}'|attr('format'))(title) }}",
    "{{ ['{0.__class__}']|map('attr', 'format')|list|first }}",
    "{{ ['{0.__class__}']|map(attribute='format')|list|first }}",
    "{{ '%s'|format(title) }}",
    "{{ '%s' % title }}",
    "{{ '%(x)s' % article }}",
    "{{ ['%s']|map('format', title)|join }}",
    "{{ 'a'.join(words) }}",
    "{{ 'a'.ljust(10) }}",
    "{{ 'a'.encode() }}",
    # What the environment holds
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ env }}",
    "{{ environment }}",
    "{{ environment.loader }}",
    "{{ config }}",
    "{{ context }}",
    "{{ request }}",
    "{{ settings }}",
    "{{ zone }}",
    "{{ cycler }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner }}",
    "{{ lipsum() }}",
    "{{ dict }}",
    "{{ get_flashed_messages }}",
    "{{ __builtins__ }}",
    "{{ namespace }}",
    "{{ range }}",
    "{{ article }}",
    "{{ words }}",
    "{{ article.items }}",
    # Changing what is given
    "{{ words.append('x') }}",
    "{{ article.update({'a': 1}) }}",
    "{{ article.pop('title') }}",
    "{{ article.setdefault('x', 1) }}",
    # Other files, other code
    "{% include title %}",
    "{% include '../secret.j2' %}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../../../../etc/passwd' %}",
    "{% include 'post/../../secret.j2' %}",
    "{% include 'post/secret.txt' %}",
    "{% include ['/etc/passwd', title] %}",
    "{% import 'os' as os %}{{ os.system('id') }}",
    "{% from 'os' import system %}",
    "{% extends words %}",
    "{% do words.append(1) %}",
    "{% debug %}",
    "{% trans %}x{% endtrans %}",
    "{{ title|safe }}",
    "{{ title|pprint }}",
    "{{ title|xmlattr }}",
    "{{ words|random }}",
    "{{ title|urlize }}",
    "{% autoescape false %}{{ title }}{% endautoescape %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set x|upper %}x{% endset %}",
]


@pytest.mark.parametrize("source", ESCAPES)
@pytest.mark.parametrize("html", [False, True])
def test_a_way_out_of_the_sandbox_is_a_fault_of_the_template(desk: Desk, source: str, html: bool) -> None:
    (desk.folder / "secret.j2").write_text("canary")
    desk.write("canary", "post/secret.txt")
    with pytest.raises(TemplateError) as caught:
        desk.render(source, html=html)
    assert "canary" not in str(caught.value)
    assert caught.value.where == f"{desk.folder / 'post/a.j2'}:1"


BOMBS = [
    "{% for i in range(10**9) %}x{% endfor %}",
    "{% for i in range(0, -10**9, -1) %}x{% endfor %}",
    "{% for i in range(2000) %}{% for j in range(2000) %}{% endfor %}{% endfor %}",
    "{% for i in range(2000) %}{% for j in range(2000) if false %}{% endfor %}{% endfor %}",
    "{% for i in range(2000) %}{{ range(2000)|list|length }}{% endfor %}",
    "{% for i in range(2000) %}{{ range(2000)|map('upper')|join|length }}{% endfor %}",
    "{% for i in range(2000) %}{{ range(2000)|sum }}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% macro f(n) %}{% for i in range(9) %}{% if n %}{{ f(n - 1) }}{% endif %}{% endfor %}{% endmacro %}{{ f(60) }}",
    "{% macro f() %}{{ caller() }}{{ caller() }}{% endmacro %}" + "{% call f() %}" * 25 + "x" + "{% endcall %}" * 25,
    "{% include 'post/a.j2' %}",
    "{% import 'post/a.j2' as again %}",
    "{% extends 'post/a.j2' %}",
    "{{ 'a' * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ 'a' * 10**5 * 10**5 }}",
    "{{ [1] * 10**9 }}",
    "{{ 10**(10**10) }}",
    "{{ 2**(64**64) }}",
    "{{ (2**64)**64 ** 64 }}",
    "{% set n = namespace(x=9**60) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}",
    "{{ '%1000000000s' % title }}",
    "{{ '%0*d' % (10**9, 1) }}",
    "{{ '{:1000000000}'.format(title) }}",
    "{{ title|center(10**9) }}",
    "{{ title|indent(10**9) }}",
    "{{ title|wordwrap(1, wrapstring='x' * 10**9) }}",
    "{{ ['a']|batch(10**9, 'x') }}",
    "{{ ['a']|slice(10**9, 'x') }}",
    "{{ title|replace('', 'x' * 99999) }}",
    "{{ ('a' * 50000)|replace('a', 'b' * 50000) }}",
    "{{ ('a,' * 900)|join('b' * 50000) }}",
    "{{ range(2000)|join('b' * 50000) }}",
    "{{ 1.5|round(10**9, 'ceil') }}",
    "{{ '%010000000d'|format(1) }}",
    "{{ article.published_at|date('%01000000000d') }}",
    "{{ article.published_at|date('%Y' * 5000) }}",
    "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = [n.x, n.x]|join %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x|replace('b', n.x) %}{% endfor %}",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x|length }}",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}"
    "{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x|tojson }}",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x is eq(1) }}",
    "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x ~ 'x' }}",
    "{% set n = namespace(x=(1,)) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ {n.x: 1} }}",
    "{% set n = namespace(x=(1,)) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ article[n.x] }}",
    "{% set n = namespace(x=(1,)) %}{% for i in range(60) %}{% set n.x = (n.x, n.x) %}{% endfor %}{{ '%s' % n.x }}",
    "{% macro f(n) %}{{ f(varargs, varargs) }}{% endmacro %}{{ f(1, 2) }}",
    "{% for i in range(2000) %}{{ 'x' * 50000 }}{% endfor %}",
    "{% for i in range(2000) %}" + "x" * 20_000 + "{% endfor %}",
    "{% macro f() %}" + "x" * 20_000 + "{% endmacro %}{% for i in range(2000) %}{% set x = f() %}{% endfor %}",
    "{% set x %}{% for i in range(2000) %}" + "x" * 20_000 + "{% endfor %}{% endset %}",
    "{% set s = 'x' * 90000 %}{% for i in range(2000) %}" + "{% set t = s[1:] %}" * 900 + "{% endfor %}",
    "{% set s = 'x' * 90000 %}{% for i in range(2000) %}" + "{% if s == s ~ '' %}{% endif %}" * 400 + "{% endfor %}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "not " * 5000 + "1 }}",
    "{{ " + "-" * 5000 + "1 }}",
    "{{ " + "[" * 500 + "]" * 500 + "|length }}",
    "{{ title" + "|upper" * 4000 + " }}",
    "{{ " + "9" * 5000 + " }}",
    "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "{% for i in words %}" * 40 + "{% endfor %}" * 40,
    "x" * (SOURCE + 1),
    "{{ spend(-100000) }}{{ words|map('_spend') }}",
    "{{ -100000|_spend }}{% for i in range(2000) %}{{ -100000|_spend }}{% for j in range(2000) %}{% endfor %}"
    "{% endfor %}",
]


@pytest.mark.parametrize("source", BOMBS, ids=lambda source: source[:60])
def test_a_template_that_would_run_or_grow_for_ever_is_stopped_in_a_moment(desk: Desk, source: str) -> None:
    started = time.thread_time()
    with pytest.raises(TemplateError) as caught:
        desk.render(source)
    assert time.thread_time() - started < 2
    assert caught.value.where.startswith(f"{desk.folder / 'post/a.j2'}:")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_what_is_written_has_a_limit(desk: Desk) -> None:
    assert len(desk.render("{{ x }}{{ x }}", x="a" * TEXT)) == OUTPUT
    with pytest.raises(TemplateError, match="characters"):
        desk.render("{{ x }}{{ x }}a", x="a" * TEXT)


FAULTS = [
    ("a\n\n{{ nope }}", 3, "'nope' is undefined"),
    ("a\n{{ article.nope }}", 2, "no attribute 'nope'"),
    ("a\n{{ article.image.url }}", 2, "'url'"),
    ("{# one\ntwo #}\n{% if %}", 3, "Expected an expression"),
    ("\n{% for x in words %}\n{{ x }}\n", 3, "endfor"),
    ("\n{{ title|nofilter }}", 2, "nofilter"),
    ("\n{{ title is notest }}", 2, "notest"),
    ("\n\n{{ 1 / 0 }}", 3, "division by zero"),
    ("\n{{ words }}", 2, "cannot be written out"),
    ("\n{{ title + 1 }}", 2, "str + int"),
    ("\n{{ title() }}", 2, "not safely callable"),
    ("\n{% include 'post/none.j2' %}", 2, "post/none.j2"),
    ("{% macro m(x) %}\n{{ x.y }}\n{% endmacro %}\n\n{{ m(article) }}", 2, "'y'"),
    ("\n{% for a, b in words %}{% endfor %}", 2, "unpack"),
    ("\n{{ 'x'|int(base=99) }}\n{{ title|truncate('x') }}", 3, ""),
    ("\n{{ ''|date }}{{ 'soon'|date }}", 2, "not a date"),
    ("\n{{ article.published_at|date('%s%q') }}", 2, "not a date format"),
    ("\n{% for x in words recursive %}{% endfor %}", 2, "recursive"),
    ("\n\n\n{{ 'a' * 10**9 }}", 4, "too"),
    (b"ok\nb\xffd", 2, "UTF-8"),
    ("{{ title", 1, ""),
    ("a\n{{ title }\n", 2, ""),
    ("{% break %}", 1, "break"),
]


@pytest.mark.parametrize(("source", "line", "words"), FAULTS)
def test_a_fault_names_its_file_and_line(desk: Desk, source: str | bytes, line: int, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        desk.render(source)
    assert caught.value.where == f"{desk.folder / 'post/a.j2'}:{line}"
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_fault_in_an_included_file_names_that_file(desk: Desk) -> None:
    part = desk.write("\n\n{{ nope }}", "post/part.j2")
    with pytest.raises(TemplateError) as caught:
        desk.render("a\n{% include 'post/part.j2' %}")
    assert caught.value.where == f"{part}:3"
    part.write_text("\n{% if %}")
    with pytest.raises(TemplateError) as caught:
        desk.render("a\n{% include 'post/part.j2' %}")
    assert caught.value.where == f"{part}:2"


USEFUL = [
    ("{{ title }}", "<b>Lake & river</b>", "&lt;b&gt;Lake &amp; river&lt;/b&gt;"),
    ("{{ article.title|upper }} {{ article.title.lower() }}", "LAKE lake", "LAKE lake"),
    ("{{ words|join(', ') }}", "one, two, three", "one, two, three"),
    ("{{ words|map('capitalize')|join(' ') }}", "One Two Three", "One Two Three"),
    ("{{ words|reject('eq', 'two')|join(' ') }}", "one three", "one three"),
    ("{{ words|sort|first }} {{ words|last }} {{ words|length }}", "one three 3", "one three 3"),
    ("{% for w in words %}{{ loop.index }}{{ w[0] }}{{ ' ' if not loop.last }}{% endfor %}", "1o 2t 3t", "1o 2t 3t"),
    ("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}", "a1", "a1"),
    ("{% for k, v in [('a', 1), ('b', 2)] %}{{ k }}{{ v }}{% endfor %}", "a1b2", "a1b2"),
    ("{% set n = namespace(c=0) %}{% for w in words %}{% set n.c = n.c + 1 %}{% endfor %}{{ n.c }}", "3", "3"),
    ("{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(title) }}", "[<b>Lake & river</b>]", "[" + VALUES["title"] + "]"),
    ("{% macro m() %}({{ caller() }}){% endmacro %}{% call m() %}x{% endcall %}", "(x)", "(x)"),
    ("{% with t = article.title %}{{ t[:2] }}{% endwith %}", "La", "La"),
    ("{{ 'yes' if 'a' in article.tags else 'no' }}", "yes", "yes"),
    ("{{ nope|default('none') }}{{ '' |d('x', true) }}", "nonex", "nonex"),
    ("{{ article.image is none }} {{ nope is defined }}", "True False", "True False"),
    ("{{ article.published_at|date('%d.%m.%Y %H:%M') }}", "01.03.2026 23:30", "01.03.2026 23:30"),
    ("{{ 'one two three'|truncate(9) }}", "one two…", "one two…"),
    ("{{ 'a-b'|replace('-', '+') }}{{ 2 * 3 + 4 // 2 - 1 }}{{ 'a' * 3 }}", "a+b7aaa", "a+b7aaa"),
    ("{{ title|bold }}", VALUES["title"], "<b>" + "&lt;b&gt;Lake &amp; river&lt;/b&gt;" + "</b>"),
    ("{{ 'More'|link(link) }}", f"More {VALUES['link']}", '<a href="https://news.example/a?b=1&amp;c=2">More</a>'),
    ("{{ title|link('javascript:alert(1)') }}", VALUES["title"], "&lt;b&gt;Lake &amp; river&lt;/b&gt;"),
    ("{{ '<i>' ~ title|e }}{{ ['<', 1]|join }}", None, "&lt;i&gt;&lt;b&gt;Lake &amp; river&lt;/b&gt;&lt;1"),
    ("{{ (title|e)|lower }}", None, "&lt;b&gt;lake &amp; river&lt;/b&gt;"),
    ("{{ title|bold|upper }}", None, "&lt;B&gt;&lt;B&gt;LAKE &amp; RIVER&lt;/B&gt;&lt;/B&gt;"),
    ("{% set x %}{{ title }}{% endset %}{{ x }}", VALUES["title"], "&lt;b&gt;Lake &amp; river&lt;/b&gt;"),
    ("{{ ''|replace('', title) }}{{ none }}{{ words|tojson }}", None, None),
]


@pytest.mark.parametrize(("source", "plain", "html"), USEFUL)
def test_what_a_template_is_for_works(desk: Desk, source: str, plain: str | None, html: str | None) -> None:
    if plain is not None:
        assert desk.render(source) == plain
    written = desk.render(source, html=True)
    if html is not None:
        assert written == html.replace(VALUES["title"], "&lt;b&gt;Lake &amp; river&lt;/b&gt;")
    assert "<b>Lake" not in written


def test_content_is_never_a_template(desk: Desk) -> None:
    assert desk.render("{{ x }}", x="{{ 7*7 }}{% include 'post/a.j2' %}") == "{{ 7*7 }}{% include 'post/a.j2' %}"


def test_templates_share_macros_and_parts(desk: Desk) -> None:
    desk.write("{% macro shout(x) %}{{ x|upper }}!{% endmacro %}", "post/shared.j2")
    desk.write("<{% block inner %}{% endblock %}>", "post/frame.j2")
    assert desk.render("{% from 'post/shared.j2' import shout %}{{ shout('a') }}") == "A!"
    assert desk.render("{% import 'post/shared.j2' as my %}{{ my.shout('a') }}") == "A!"
    assert (
        desk.render("{% extends 'post/frame.j2' %}{% block inner %}{{ link }}{% endblock %}") == f"<{VALUES['link']}>"
    )


def test_a_changed_template_is_read_again(desk: Desk) -> None:
    assert desk.render("one") == "one"
    path = desk.write("two")
    os.utime(path, ns=(1, 1))
    assert desk.sandboxes[False].render("post/a.j2", {}) == "two"


def test_a_file_laid_over_ours_later_is_seen_and_its_removal_too(tmp_path: Path) -> None:
    theirs, ours = Desk(tmp_path / "theirs"), Desk(tmp_path / "ours")
    ours.write("ours")
    sandbox = Sandbox([theirs.folder, ours.folder], html=False, zone=UTC)
    assert sandbox.render("post/a.j2", {}) == "ours"
    path = theirs.write("theirs")
    assert sandbox.render("post/a.j2", {}) == "theirs"
    path.unlink()
    assert sandbox.render("post/a.j2", {}) == "ours"


def test_a_missing_template_is_named_with_where_it_was_sought(desk: Desk) -> None:
    with pytest.raises(TemplateError) as caught:
        desk.sandboxes[False].find(["post/none.j2", "../none.j2", "post/\0.j2"])
    assert caught.value.where == "post/none.j2:0"
    assert str(desk.folder) in caught.value.hint


def test_dates_are_shown_in_the_sites_time_zone(desk: Desk) -> None:
    desk.write("{{ article.published_at|date('%d %H:%M') }}")
    paris = Sandbox([desk.folder], html=False, zone=ZoneInfo("Europe/Paris"))
    assert paris.render("post/a.j2", VALUES) == "02 00:30"


def test_two_renderings_do_not_share_a_budget(desk: Desk) -> None:
    source = "{% for i in range(2000) %}{{ i }}{% endfor %}"
    assert {desk.render(source) for _ in range(40)} == {"".join(map(str, range(2000)))}
