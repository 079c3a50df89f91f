"""Settings that nobody wrote: the sample newsroom, and `run --feed URL`. Only here do previews stand in for networks.

They are a settings file's text. Written into a file, it serves other processes too: beside a running sample,
`distributor --config FILE send --digest daily`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from distributor.config.loading import loads
from distributor.config.settings import Settings

__all__ = ["NETWORKS", "feed_settings", "feed_text", "passing", "sample_settings", "sample_text"]

NETWORKS = ("x", "telegram", "mastodon", "bluesky")
_NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})


def sample_settings(url: str, data: Path, env: Mapping[str, str] = _NO_ENVIRONMENT) -> Settings:
    """The sample newsroom at `url`, polled every second, with all that it published. Raises ConfigError."""
    return loads(sample_text(url, data), None, env)


def feed_settings(url: str, data: Path, env: Mapping[str, str] = _NO_ENVIRONMENT) -> Settings:
    """The site or feed at `url`, with its five latest articles. Raises ConfigError."""
    return loads(feed_text(url, data), None, env)


def sample_text(url: str, data: Path, public: int = 0) -> str:
    """The file of the sample. `public` is the port of the readers' pages; with 0 there are neither these nor mail."""
    source = {"url": url, "backfill": "all", "interval_min": 1, "interval_max": 1, "flood_guard": 1000}
    return _text("The Sample", "sample", source, data, public)


def feed_text(url: str, data: Path, public: int = 0) -> str:
    """The file of a run on one feed; `public` as for the sample."""
    return _text(_host(url) or "feed", "feed", {"url": url, "backfill": 5}, data, public)


def passing(settings: Settings) -> bool:
    """Whether they are of a run that keeps nothing: their file lies in the data folder, and goes with it."""
    return settings.path is not None and settings.path.parent == settings.site.data


def _text(title: str, name: str, source: dict[str, Any], data: Path, public: int) -> str:
    import tomlkit

    raw: dict[str, Any] = {
        "site": {"name": title, "data": str(data)},
        "sources": {name: source},
        "channels": {network: {"kind": "preview", "network": network} for network in NETWORKS},
        "network": {"allow_hosts": _loopback(source["url"])},
    }
    if public:
        raw["site"] |= {"public_url": f"http://127.0.0.1:{public}", "postal_address": "1 Harbour Street, Sample Town"}
        raw["web"] = {"public": f"127.0.0.1:{public}"}
        raw["mail"] = {"from": "news@sample.example"}
        raw["digests"] = {"daily": {"title": "Every day"}, "weekly": {"title": "Every Monday", "frequency": "weekly"}}
        raw["subscribers"] = {"languages": ["en", "fr", "ar"]}
    return tomlkit.dumps(raw)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


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
