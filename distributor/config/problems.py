"""What is wrong with a setting, as one line for a person: the key, the fault, the nearest known key, the place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributor.config import settings
from distributor.config.lines import line_of
from distributor.config.values import nearest
from distributor.errors import ConfigError

__all__ = ["Origin", "from_pydantic", "unknown"]

_NAMED = ("sources", "channels", "digests", "relays")
_SAY = {
    "missing": "is missing",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_type": "must be text",
    "string_too_short": "must be at least {min_length} characters long",
    "string_too_long": "must be at most {max_length} characters long",
    "string_pattern_mismatch": "holds characters that it may not",
    "literal_error": "must be one of {expected}",
    "model_type": "must be a table",
    "mapping_type": "must be a table",
    "path_type": "must be a path",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the settings came from: the file and its text, and the variables that set or named single keys."""

    path: Path | None = None
    text: str = ""
    variables: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def place(self, path: Sequence[str]) -> str:
        """Such as "distributor.toml, line 12" or "environment, DISTRIBUTOR_SITE__NAME"; "" where nothing is known."""
        for end in range(len(path), 0, -1):
            key = tuple(path[:end])
            variable = self.variables.get(key) or self.variables.get((*key[:-1], key[-1] + "_file"))
            if variable:
                return f"environment, {variable}"
        line = line_of(self.text, path) or line_of(self.text, (*path[:-1], f"{path[-1]}_file") if path else ())
        return f"{self.path}, line {line}" if self.path and line else str(self.path or "")

    def error(self, message: str, path: Sequence[str], hint: str = "") -> ConfigError:
        place = self.place(path)
        return ConfigError(f"{message} ({place})" if place else message, key=dotted(path), hint=hint)


def dotted(path: Sequence[str]) -> str:
    return ".".join(path)


def from_pydantic(errors: Sequence[Mapping[str, Any]], origin: Origin) -> ConfigError:
    """The first fault as the error; the others are in its hint."""
    told = [_told(error) for error in errors]
    rest = "; ".join(f"{dotted(path)}: {message}" for path, message in told[1:4])
    more = f" and {len(told) - 4} more" if len(told) > 4 else ""
    path, message = told[0]
    return origin.error(message, path, hint=f"Then also: {rest}{more}" if rest else "")


def unknown(path: Sequence[str]) -> str:
    """That there is no such setting, and which one is like it: in the same table, else of the same name elsewhere."""
    *parents, last = path
    known = [
        f"{key}_file" if last.endswith("_file") else key for key in settings.tables_of(parents[0] if parents else "")
    ]
    near = nearest(last, known)
    elsewhere = [] if near else [f"{table}.{last}" for table in settings.tables_of("") if _has(table, last)]
    if near or elsewhere:
        return f"is no setting; did you mean {near or elsewhere[0]}?"
    return f"is no setting; known here are {', '.join(known)}"


def _has(table: str, key: str) -> bool:
    return table not in {*_NAMED, "secret_key"} and key in settings.tables_of(table)


def _told(error: Mapping[str, Any]) -> tuple[list[str], str]:
    path = [str(part) for part in error["loc"] if not isinstance(part, int)]
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "extra_forbidden":
        return path, unknown(path)
    if kind == "value_error":
        return path, str(context.get("error") or "is not valid")
    said = _SAY.get(kind)
    return path, said.format(**context) if said else str(error["msg"])[:200].replace("\n", " ")
