"""The Jinja environment that operators' templates run in, where they are found, and how their faults are told.

Nothing but plain values goes in, so only what is listed here can be reached: no attribute of a Python object, no
method but a few harmless ones of words (CVE-2024-56326, CVE-2025-27516: `format` by a detour), no import of code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, nodes
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError, TemplateNotFound, TemplateSyntaxError
from jinja2.loaders import split_template_path
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from distributor.errors import TemplateError
from distributor.rendering.budget import ITEMS, POST, TEXT, Budget, meter, metered
from distributor.rendering.filters import FILTERS, GUARDED_TESTS, INNER, guarded, plain_value
from distributor.rendering.guard import guard
from distributor.rendering.speech import SPEECH

__all__ = ["SOURCE", "Sandbox"]

SOURCE = 32_768  # bytes of a template
LINE = 2_048  # characters of one that stands in the settings
_SPEECH = {name: guarded(function) for name, function in SPEECH.items()}
_WORDS = frozenset({"upper", "lower", "title", "capitalize", "strip", "startswith", "endswith"})
_MAPPING = frozenset({"get", "items", "keys", "values"})
_LOOP = frozenset(
    "index index0 revindex revindex0 first last length depth depth0 previtem nextitem cycle changed".split()  # noqa: SIM905
)


class Sandbox:
    """Renders templates by name. `folders` are searched in order, for each name anew; a changed file is read again."""

    def __init__(self, folders: Sequence[Path], *, html: bool, zone: tzinfo) -> None:
        self._loader = _Folders(folders)
        self._environment = _Environment(self._loader, autoescape=html)
        self._environment.zone = zone

    def find(self, names: Sequence[str]) -> str:
        """The first of the names that a folder holds. Raises TemplateError when none does."""
        for name in names:
            if self._loader.path(name):
                return name
        searched = ", ".join(map(str, self._loader.folders))
        raise TemplateError("there is no such template", where=f"{names[0]}:0", hint=f"looked in {searched}")

    def render(self, name: str, values: Mapping[str, Any], budget: Budget = POST) -> str:
        """The template's text. Raises TemplateError with file and line, whatever is wrong with the template."""
        with metered(budget.steps):
            try:
                template = self._environment.get_template(name)
                return _written(template, template.new_context(dict(values)), budget.output)
            except Exception as error:
                raise self._told(error, name) from None

    def line(self, source: str, values: Mapping[str, Any], where: str) -> str:
        """The text of a template that stands in the settings. Raises TemplateError, naming it as `where`."""
        with metered():
            try:
                if len(source) > LINE:
                    raise SecurityError(f"larger than {LINE:,} characters")
                template = self._environment.from_string(source)
                return _written(template, template.new_context(dict(values)), LINE * 8)
            except Exception as error:
                line = getattr(error, "lineno", None) or 1
                raise TemplateError(_reason(error), where=f"{where}:{line}") from None

    def fault(self, name: str, message: str) -> TemplateError:
        """What a template made is wrong, though it ran: told at its first line."""
        return TemplateError(message, where=f"{self._loader.path(name) or name}:1")

    def _told(self, error: Exception, name: str) -> TemplateError:
        if isinstance(error, TemplateSyntaxError):
            where = f"{error.filename or error.name or name}:{error.lineno}"
        else:
            where = _line(error.__traceback__) or f"{self._loader.path(name) or name}:1"
        return TemplateError(_reason(error), where=where)


def _written(template: Template, context: Context, most: int) -> str:
    parts, room = [], most
    for part in template.root_render_func(context):
        room -= len(part)
        if room < 0:
            raise SecurityError(f"more than {most:,} characters written")
        parts.append(part)
    return "".join(parts)


def _line(trace: TracebackType | None) -> str:
    """`file:line` of the innermost frame that is a template's."""
    where = ""
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            where = f"{template.filename}:{template.get_corresponding_lineno(trace.tb_lineno)}"
        trace = trace.tb_next
    return where


def _reason(error: Exception) -> str:
    """One line, of bounded length: a message may quote content."""
    if isinstance(error, RecursionError | MemoryError):
        return "nested too deeply"
    if isinstance(error, TemplateNotFound):
        return f"there is no template {str(error)[:100]!r}"
    if isinstance(error, UnicodeDecodeError):
        return "the file is not UTF-8"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return " ".join(str(error).split())[:300] or type(error).__name__


class _Folders(BaseLoader):
    """Templates in folders, the first that has a name wins. Only files `*.j2` inside them; at most SOURCE bytes."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)

    def path(self, name: str) -> Path | None:
        try:
            parts = split_template_path(name)
        except TemplateNotFound:
            return None
        if not parts or not parts[-1].endswith(".j2") or "\0" in name:
            return None
        return next((path for folder in self.folders if (path := folder.joinpath(*parts)).is_file()), None)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        path = self.path(template)
        if path is None:
            raise TemplateNotFound(template)
        seen = _stamp(path)
        try:
            content = path.read_bytes()[: SOURCE + 1]
            text = content.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            line = content.count(b"\n", 0, error.start) + 1 if isinstance(error, UnicodeDecodeError) else 1
            raise TemplateSyntaxError(_reason(error), line, template, str(path)) from None
        if len(content) > SOURCE:
            raise TemplateSyntaxError(f"larger than {SOURCE:,} bytes", 1, template, str(path))
        # An operator's file laid over ours later must be seen too: not only whether this one changed.
        return text, str(path), lambda: self.path(template) == path and _stamp(path) == seen


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_mtime_ns, found.st_size


def _range(*args: int) -> range:
    """`range`, of no more than ITEMS numbers."""
    numbers = range(*args)
    if numbers and abs(numbers[-1] - numbers[0]) // abs(numbers.step) >= ITEMS:
        raise SecurityError(f"range of more than {ITEMS:,} numbers")
    return numbers


class _Environment(ImmutableSandboxedEnvironment):
    zone: tzinfo = UTC  # of the filter `date`
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})

    def __init__(self, loader: BaseLoader, *, autoescape: bool) -> None:
        super().__init__(
            loader=loader,
            autoescape=autoescape,
            undefined=StrictUndefined,
            finalize=plain_value,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
            cache_size=100,
        )
        self.filters = {**FILTERS, **_SPEECH, **INNER}
        self.tests = dict(GUARDED_TESTS)
        self.globals = {"range": _range, "namespace": Namespace}

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return super()._generate(guard(source, name, filename), name, filename, defer_init)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if attribute.startswith("_"):
            return self.unsafe_undefined(obj, attribute)
        if isinstance(obj, dict):
            if attribute in obj:
                return obj[attribute]
            if attribute in _MAPPING:
                return getattr(obj, attribute)
        elif isinstance(obj, str):
            if attribute in _WORDS:
                return getattr(obj, attribute)
        elif isinstance(obj, LoopContext):
            if attribute in _LOOP:
                return getattr(obj, attribute)
        elif isinstance(obj, Namespace | TemplateModule | StrictUndefined):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        wanted: type[Any] = str if isinstance(obj, dict) else int
        if isinstance(obj, dict | list | tuple | str) and isinstance(argument, wanted):
            try:
                return obj[argument]
            except LookupError:
                pass
        elif isinstance(obj, StrictUndefined):
            return obj[argument]
        name = str(argument) if isinstance(argument, str | int) else type(argument).__name__
        return self.undefined(obj=obj, name=name)

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, Macro | BlockReference) or obj is _range or obj is Namespace:
            return True
        # A method that `getattr` above let through; there is no other way to hold one.
        return isinstance(getattr(obj, "__self__", None), str | dict | LoopContext)

    def call(self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        counter = meter()
        counter.spend(1)
        for value in (*args, *kwargs.values()):
            counter.weigh(value)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        _bounded(operator, left, right)
        return self.binop_table[operator](left, right)


def _bounded(operator: str, left: Any, right: Any) -> None:
    """Refuse arithmetic whose result could be huge, and `%` on words, which is a formatter."""
    counter = meter()
    counter.weigh(left)
    counter.weigh(right)
    if isinstance(left, StrictUndefined) or isinstance(right, StrictUndefined):
        return
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    if numbers:
        if operator == "**" and (abs(right) > 64 or abs(left) > 2**64):
            raise SecurityError("a power that is too large")
        return
    if operator == "+" and isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        size = len(left) + len(right)
    elif operator == "*" and isinstance(left, str | list | tuple) and isinstance(right, int):
        size = len(left) * max(right, 0)
    elif operator == "*" and isinstance(right, str | list | tuple) and isinstance(left, int):
        size = len(right) * max(left, 0)
    else:
        raise SecurityError(f"{type(left).__name__} {operator} {type(right).__name__} is not available in templates")
    counter.spend(size >> 6)
    if size > (TEXT if isinstance(left, str) or isinstance(right, str) else ITEMS):
        raise SecurityError(f"{operator} makes something too large")
