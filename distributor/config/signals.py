"""`[signals]`: what is counted of what readers do, and what is taken for a robot."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from distributor.config import fields
from distributor.config.values import network

__all__ = ["Signals"]

Networks = Annotated[tuple[Annotated[str, AfterValidator(network)], ...], BeforeValidator(fields.words)]


class Signals(fields.Table):
    """What is counted. `clicks`: links in posts and mails lead through /r/ where a public URL is set; `views` and
    `shares`: the script, pixel and bar for the publisher's pages; `engagement`: likes and reposts are read back.

    One reader counts once for an article within `repeat_within`. A click within `scanner_within` of a mail's delivery,
    or `burst` links of one mail within it, is a link scanner's. `robot_agents` are further words of robots' names,
    `robot_networks` addresses (CIDR) whose clicks count only when the page is seen too. `keep` is how long counts stay.
    `hook_secret` signs imports.
    """

    clicks: bool = True
    views: bool = True
    shares: bool = True
    engagement: bool = True
    repeat_within: fields.Positive = timedelta(minutes=30)
    scanner_within: fields.Positive = timedelta(seconds=10)
    burst: int = Field(default=3, ge=2, le=1_000)
    robot_agents: fields.Words = ()
    robot_networks: Networks = ()
    hook_secret: SecretStr | None = Field(default=None, min_length=16)
    keep: fields.Positive = timedelta(days=400)
