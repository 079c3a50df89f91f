"""From raw tables to Settings: secret files are read, names checked against each other, and gaps filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from distributor.config import fields, secrets
from distributor.config.channel import Channel
from distributor.config.problems import Origin
from distributor.config.readers import Digest
from distributor.config.secrets import Options
from distributor.config.settings import Document, Settings
from distributor.config.source import Source
from distributor.config.values import NAME, NAME_RULE, Address, Listen, home, nearest
from distributor.errors import ConfigError

__all__ = ["assemble"]

_NAMED = ("sources", "channels", "digests", "relays")
# What mail's own ways are called, in the ledger and to `distributor pause` (mailroom.py).
_MAILS_OWN = ("alerts", "instant", "letters", "mail")
# Where else readers and outlets are counted (store/signals.py): a channel so called would get their counts.
_COUNTS_OWN = ("radar", "site", "trending")
_OPTIONS = frozenset(Channel.model_fields) - {"name", "options"}


def assemble(raw: dict[str, Any], origin: Origin, *, base: Path, data: Path) -> Settings:
    """Paths are relative to `base`; `data` is the data folder unless the tables name one.

    Raises ConfigError, and pydantic's ValidationError for what the caller must translate.
    """
    _check_names(raw, origin)
    raw = dict(raw)
    warnings = _read_files(raw, origin, base)
    for section in _NAMED:
        raw[section] = {
            name: {"name": name, **table} if isinstance(table, dict) else table
            for name, table in raw.get(section, {}).items()
        }
    raw["channels"] = {name: _split(table) for name, table in raw["channels"].items()}
    no_listener = _switched_off(raw)
    document = Document.model_validate(raw)
    tables = {name: getattr(document, name) for name in Document.model_fields}
    tables["site"] = site = document.site.model_copy(update=_paths(document, base, data))
    tables["database"] = document.database.model_copy(update={"url": _database(document.database.url, base, site.data)})
    if document.web.public is None and site.public_url and not no_listener:
        tables["web"] = document.web.model_copy(update={"public": Listen("127.0.0.1", 8001)})
    for section, fill in (("sources", _mapped), ("channels", _inherited), ("digests", _chosen)):
        named = getattr(document, section)
        tables[section] = fields.freeze({name: fill(table, document, origin) for name, table in named.items()})
    return Settings.model_construct(**tables, warnings=tuple(warnings))


def _check_names(raw: dict[str, Any], origin: Origin) -> None:
    for section in _NAMED:
        tables = raw.get(section, {})
        if not isinstance(tables, dict):
            raise origin.error(f"must be tables, one for each: [{section}.NAME]", (section,))
        for name, table in tables.items():
            if not NAME.fullmatch(name):
                raise origin.error(NAME_RULE, (section, name))
            if section == "channels" and name in _MAILS_OWN:
                raise origin.error(f"mail has a {name!r} of its own: choose another name", (section, name))
            if section in {"channels", "digests"} and name in _COUNTS_OWN:
                raise origin.error(f"{name!r} is counted on its own: choose another name", (section, name))
            if not isinstance(table, dict):
                raise origin.error(f"must be a table: [{section}.{name}]", (section, name))
            if "name" in table:
                raise origin.error("is no setting: the table's own name is the name", (section, name, "name"))


def _read_files(raw: dict[str, Any], origin: Origin, base: Path) -> list[str]:
    """Puts the content of each `KEY_file` in the place of KEY; gives warnings. Copies what it changes."""
    warnings = []
    for parents in _places(raw):
        table = raw
        for part in parents:
            table[part] = dict(table[part])
            table = table[part]
        for key in [key for key in table if key.endswith("_file") and key != "_file"]:
            plain, named = key.removesuffix("_file"), table.pop(key)
            path = (*parents, plain)
            if plain in table:
                raise origin.error(f"is set twice, as {plain} and as {key}", path)
            if not isinstance(named, str) or not named:
                raise origin.error("must be the path of a file", (*parents, key))
            try:
                text, warning = secrets.read_file(base / home(named))
            except (ConfigError, ValueError) as error:
                problem, hint = str(error), getattr(error, "hint", "")
            else:
                table[plain] = secrets.Text(text)
                warnings += [f"{'.'.join((*parents, key))}: {warning}"] if warning else []
                continue
            raise origin.error(problem, (*parents, key), hint)
    return warnings


def _places(raw: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The tables in which KEY_file stands for a secret: the file itself, its tables, each source, channel, digest."""
    yield ()
    for section, table in raw.items():
        if section in _NAMED:
            yield from ((section, name) for name in table)
        elif isinstance(table, dict):
            yield (section,)


def _split(table: dict[str, Any]) -> dict[str, Any]:
    """What only the channel's class knows becomes its options."""
    common = {key: value for key, value in table.items() if key in _OPTIONS or key == "name"}
    rest = {key: value for key, value in table.items() if key not in common and key != "options"}
    more = table.get("options", {})
    own = {**more, **rest} if isinstance(more, dict) else {"options": more, **rest}
    hidden = [key for key, value in own.items() if isinstance(value, secrets.Text)]
    plain = {key: str(value) if isinstance(value, str) else value for key, value in own.items()}
    return {"kind": table["name"], **common, "options": Options(plain, hidden)}


def _switched_off(raw: dict[str, Any]) -> bool:
    """`public = false` (or "") keeps the public listener off whatever the public URL says."""
    web = raw.get("web")
    if not isinstance(web, dict) or str(web.get("public", "on")).strip().lower() not in {"", "false", "off"}:
        return False
    raw["web"] = {key: value for key, value in web.items() if key != "public"}
    return True


def _paths(document: Document, base: Path, data: Path) -> dict[str, Path | None]:
    site = document.site
    templates = base / site.templates if site.templates else None
    return {"data": base / site.data if "data" in site.model_fields_set else data, "templates": templates}


def _database(url: str, base: Path, data: Path) -> Address:
    """SQLite's file is relative to the settings file, whatever folder a process was started in."""
    if not url:
        return Address(f"sqlite:///{data / 'distributor.db'}")
    if url.startswith(("postgres://", "postgresql://")):
        return Address("postgresql+psycopg://" + url.partition("://")[2])
    scheme, found, rest = url.partition(":///")
    if found and scheme.startswith("sqlite") and rest and not rest.startswith((":memory:", "file:")):
        file, query, options = rest.partition("?")
        return Address(f"{scheme}:///{base / file}{query}{options}")
    return Address(url)


def _mapped(source: Source, document: Document, origin: Origin) -> Source:
    mapped = {
        word: _known(category, document.site.categories, origin, ("sources", source.name, "category_map", word))
        for word, category in source.category_map.items()
    }
    return source.model_copy(update={"category_map": fields.freeze(mapped)})


def _chosen(digest: Digest, document: Document, origin: Origin) -> Digest:
    categories = _categories(digest.categories, document, origin, ("digests", digest.name, "categories"))
    at = ("digests", digest.name, "also")
    also = tuple(_known(name, tuple(document.channels), origin, at) for name in digest.also)
    return digest.model_copy(update={"categories": categories, "also": also})


def _inherited(channel: Channel, document: Document, origin: Origin) -> Channel:
    site, given, at = document.site, channel.model_fields_set, ("channels", channel.name)
    for key in ("timezone", "utm", "hashtags"):
        if key not in given:
            channel = channel.model_copy(update={key: getattr(site, key)})
    names = tuple(_known(name, tuple(document.sources), origin, (*at, "sources")) for name in channel.sources)
    return channel.model_copy(
        update={
            "sources": names,
            "categories": _categories(channel.categories, document, origin, (*at, "categories")),
            "not_categories": _categories(channel.not_categories, document, origin, (*at, "not_categories")),
        }
    )


def _categories(
    words: tuple[str, ...] | None, document: Document, origin: Origin, path: Sequence[str]
) -> tuple[str, ...] | None:
    if words is None:
        return None
    return tuple(_known(word, document.site.categories, origin, path) for word in words)


def _known(word: str, known: Sequence[str], origin: Origin, path: Sequence[str]) -> str:
    """The word as the publisher spells it."""
    for name in known:
        if name.casefold() == word.casefold():
            return name
    near = nearest(word, known)
    what = {"sources": "source", "also": "channel"}.get(path[-1], "category of site.categories")
    rest = f"did you mean {near!r}?" if near else f"there are {', '.join(known) or 'none'}"
    raise origin.error(f"{word[:60]!r} is no {what}; {rest}", path)
