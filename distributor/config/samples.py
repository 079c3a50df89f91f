"""Settings without a file: the sample newsroom, and `run --feed URL`. Only here do previews stand in for networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from distributor.config import environment
from distributor.config.assembly import assemble
from distributor.config.problems import Origin, from_pydantic
from distributor.config.settings import Settings

__all__ = ["NETWORKS", "feed_settings", "sample_settings"]

NETWORKS = ("x", "telegram", "mastodon", "bluesky")
_NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})


def sample_settings(url: str, data: Path, env: Mapping[str, str] = _NO_ENVIRONMENT) -> Settings:
    """The sample newsroom at `url`, polled every second, with all that it published. Raises ConfigError."""
    source = {"url": url, "backfill": "all", "interval_min": 1, "interval_max": 1, "flood_guard": 1000}
    return _settings("The Sample", "sample", source, data, env)


def feed_settings(url: str, data: Path, env: Mapping[str, str] = _NO_ENVIRONMENT) -> Settings:
    """The site or feed at `url`, with its five latest articles. Raises ConfigError."""
    return _settings(urlsplit(url).hostname or "feed", "feed", {"url": url, "backfill": 5}, data, env)


def _settings(title: str, name: str, source: dict[str, Any], data: Path, env: Mapping[str, str]) -> Settings:
    raw: dict[str, Any] = {
        "site": {"name": title, "data": str(data)},
        "sources": {name: source},
        "channels": {network: {"kind": "preview", "network": network} for network in NETWORKS},
        "network": {"allow_hosts": _loopback(source["url"])},
    }
    variables, warnings = environment.overlay(raw, env)
    origin = Origin(variables=variables)
    try:
        settings = assemble(raw, origin, base=Path.cwd(), data=data)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    else:
        return settings.model_copy(update={"warnings": (*settings.warnings, *warnings)})
    raise from_pydantic(problems, origin)


def _loopback(url: str) -> list[str]:
    """The place itself, when a person named this machine or a bare address: no name that could be led elsewhere."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if host != "localhost":
            ipaddress.ip_address(host)
    except ValueError:
        return []
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
