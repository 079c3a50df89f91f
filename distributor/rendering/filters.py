"""What a template may do with a value: an allow-list. Each filter charges the meter for what it reads and makes.

None is folded into a constant while compiling (`pass_context` prevents it), so all of them run on the meter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, cast
from urllib.parse import quote

from jinja2 import filters as jinja
from jinja2 import pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined
from jinja2.tests import TESTS
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from distributor.rendering.budget import TEXT, meter
from distributor.rendering.content import web_address
from distributor.text.patterns import graphemes

__all__ = ["FILTERS", "GUARDED_TESTS", "INNER", "guarded", "plain_value"]

_DATE = re.compile(r"(?:[^%]|%-?[aAbBdHIjmMpSUuVWwyYGZz%])*")


def plain_value(value: Any) -> Any:
    """What may be written into a text: words and numbers. A list or an object is a fault, not its repr."""
    if value is None:
        return ""
    if isinstance(value, str):
        meter().weigh(value)
    elif not isinstance(value, int | float | Undefined):
        raise SecurityError(f"a {_kind(value)} cannot be written out; use |join(', ') or name one of its parts")
    return value


def _kind(value: Any) -> str:
    return {"dict": "mapping", "Macro": "macro", "TemplateModule": "module"}.get(type(value).__name__, "list")


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Weigh what goes in and what comes out; a lazy result becomes a list."""

    @wraps(function)
    def filtered(context: Context, *args: Any, **kwargs: Any) -> Any:
        counter = meter()
        counter.spend(1)
        for value in (*args, *kwargs.values()):
            counter.weigh(value)
        result = function(context, *args, **kwargs)
        if isinstance(result, Iterator):
            return counter.listed(result)
        counter.weigh(result)
        return result

    return pass_context(filtered)


def _text(function: Callable[..., str]) -> Callable[..., Any]:
    """A filter of words. On escaped text it works on the words, and what it gives is escaped again."""

    def filtered(_: Context, value: Any, *args: Any, **kwargs: Any) -> str:
        result = function(_words(value), *map(_bare_word, args), **kwargs)
        return escape(result) if isinstance(value, Markup) else result

    return filtered


def _words(value: Any) -> str:
    value = plain_value(value)
    return value.unescape() if isinstance(value, Markup) else str(value)


def _bare_word(value: Any) -> Any:
    return _words(value) if isinstance(value, Markup) else value


def _bare(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that needs to know nothing of where it runs."""
    return lambda _, *args, **kwargs: function(*args, **kwargs)


def _in_environment(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda context, *args, **kwargs: function(context.environment, *args, **kwargs)


def _joined(context: Context, parts: list[Any], between: str) -> str:
    counter = meter()
    written = [plain_value(part) for part in parts]
    if sum(len(str(part)) for part in written) + len(between) * len(written) > TEXT:
        raise SecurityError(f"a text of more than {TEXT:,} characters")
    counter.spend(len(written))
    if context.eval_ctx.autoescape:
        return escape(between).join(written)
    return between.join(str(part) for part in written)


def _join(context: Context, value: Any, d: str = "", attribute: str | int | None = None) -> str:
    parts = [value] if isinstance(value, Undefined) else value
    if attribute is not None:
        parts = map(jinja.make_attrgetter(context.environment, attribute), parts)
    return _joined(context, meter().listed(parts), _written(context, d))


def _written(context: Context, value: Any) -> str:
    return escape(value) if context.eval_ctx.autoescape else str(value)


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    if len(text) + (text.count(old) if old else len(text) + 1) * len(new) > TEXT:
        raise SecurityError(f"a text of more than {TEXT:,} characters")
    return text.replace(old, new, count)


def _shorten(text: str, length: int = 255, end: str = "…") -> str:
    """At most `length` characters as a reader sees them, cut between words where there are any."""
    seen = list(graphemes(text))
    if len(seen) <= length:
        return text
    kept = "".join(seen[: max(length - len(end), 0)])
    head, space, _ = kept.rpartition(" ")
    return (head if space else kept).rstrip(" ,;:-–—") + end[:length]


def _date(context: Context, value: str, form: str = "%d %B %Y") -> str:
    """An ISO 8601 moment in the site's time zone, by strftime; English names."""
    if not value:
        return ""
    if len(form) > 64 or not _DATE.fullmatch(form):
        raise SecurityError(f"not a date format: {form[:40]!r}")
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise SecurityError(f"not a date: {str(value)[:40]!r}") from None
    return moment.astimezone(getattr(context.environment, "zone", UTC)).strftime(form)


def _tagged(name: str) -> Callable[..., Any]:
    def tagged(context: Context, value: Any) -> Any:
        if not context.eval_ctx.autoescape or not plain_value(value):
            return value
        return Markup("<{0}>{1}</{0}>").format(name, value)

    return tagged


def _link(context: Context, words: Any, url: str = "") -> Any:
    """Words that lead to an address; in plain text the words and the address."""
    url = web_address(_words(url))
    if not url:
        return words
    if context.eval_ctx.autoescape:
        return Markup('<a href="{}">{}</a>').format(url, plain_value(words))
    return f"{_words(words)} {url}"


def _length(value: Any) -> int:
    return len(value)


def _number(value: Any, digits: int = 0) -> float:
    return round(float(value), max(-20, min(int(digits), 20)))


def _absent(value: Any, fallback: Any = "", boolean: bool = False) -> Any:
    return fallback if isinstance(value, Undefined) or (boolean and not value) else value


_ALLOWED: Mapping[str, Callable[..., Any]] = {
    "upper": _text(str.upper),
    "lower": _text(str.lower),
    "capitalize": _text(str.capitalize),
    "title": _text(jinja.do_title),
    "trim": _text(lambda text, chars=None: text.strip(chars)),
    "replace": _text(_replace),
    "truncate": _text(_shorten),
    "wordcount": lambda _, value: len(_words(value).split()),
    "urlencode": _text(lambda text: quote(text, safe="")),
    "string": lambda _, value: value if isinstance(value, str) else str(plain_value(value)),
    "escape": lambda _, value: escape(plain_value(value)),
    "tojson": _bare(htmlsafe_json_dumps),
    "date": _date,
    "bold": _tagged("b"),
    "italic": _tagged("i"),
    "link": _link,
    "default": _bare(_absent),
    "length": _bare(_length),
    "first": _in_environment(jinja.do_first),
    "last": _in_environment(jinja.do_last),
    "list": _bare(list),
    "join": _join,
    "sort": _in_environment(jinja.do_sort),
    "unique": _in_environment(jinja.do_unique),
    "reverse": _bare(lambda value: list(reversed(value))),
    "map": jinja.sync_do_map,
    "select": jinja.sync_do_select,
    "reject": jinja.sync_do_reject,
    "selectattr": jinja.sync_do_selectattr,
    "rejectattr": jinja.sync_do_rejectattr,
    "int": _bare(jinja.do_int),
    "float": _bare(jinja.do_float),
    "round": _bare(_number),
    "abs": _bare(abs),
}
FILTERS = {name: guarded(function) for name, function in _ALLOWED.items()}
FILTERS |= {"e": FILTERS["escape"], "d": FILTERS["default"], "count": FILTERS["length"]}


@pass_context
def _each(_: Context, values: Any, weight: int) -> list[Any]:
    return meter().listed(values, weight)


@pass_context
def _weigh(_: Context, value: Any) -> Any:
    meter().weigh(value)
    return value


@pass_context
def _spend(_: Context, steps: int) -> str:
    meter().spend(1 + max(int(steps), 0))
    return ""


@pass_context
def _concat(context: Context, parts: Any) -> str:
    """`~`: as Jinja does it, all is escaped as soon as one part is markup."""
    marked = context.eval_ctx.autoescape and any(isinstance(part, Markup) for part in parts)
    written = [escape(plain_value(part)) if marked else str(plain_value(part)) for part in parts]
    if sum(map(len, written)) > TEXT:
        raise SecurityError(f"a text of more than {TEXT:,} characters")
    return Markup("").join(written) if marked else "".join(written)


# What guard.py writes into a template. A template that names them itself only pays.
INNER: Mapping[str, Callable[..., Any]] = {"_each": _each, "_weigh": _weigh, "_spend": _spend, "_concat": _concat}


def _tested(function: Callable[..., Any]) -> Callable[..., Any]:
    inner = _in_environment(function) if hasattr(function, "jinja_pass_arg") else _bare(function)
    return guarded(inner)


GUARDED_TESTS = {name: _tested(cast(Callable[..., Any], function)) for name, function in TESTS.items()}
