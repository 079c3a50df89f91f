"""Settings: TOML, environment and secret files, checked, as one frozen value for each (re)load.

    find(...) -> path -> load(path, env) -> Settings       errors are ConfigError and name the key

Import this package where settings are needed, not at the top of the command line: pydantic takes a while.
Editing the file is `distributor.config.edit`, writing the first one `distributor.config.starter`.
"""

from distributor.config.channel import Channel as ChannelSettings
from distributor.config.loading import explain, find, load, loads
from distributor.config.samples import feed_settings, feed_text, passing, sample_settings, sample_text
from distributor.config.secrets import redact
from distributor.config.settings import Settings, secret_key, secret_keys
from distributor.config.source import Source as SourceSettings

__all__ = [
    "ChannelSettings",
    "Settings",
    "SourceSettings",
    "explain",
    "feed_settings",
    "feed_text",
    "find",
    "load",
    "loads",
    "passing",
    "redact",
    "sample_settings",
    "sample_text",
    "secret_key",
    "secret_keys",
]
