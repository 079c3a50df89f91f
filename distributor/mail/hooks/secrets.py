"""Is it really they? A shared secret, for providers that sign nothing."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from distributor.mail.hooks.events import HookRefused

__all__ = ["check"]

SHORTEST = 16


def check(headers: Mapping[str, str], secret: str, *, given: str = "") -> None:
    """Lets a request pass that shows the secret. Raises HookRefused (401) for all others, and for a short secret.

    It may stand as `given` (a word of the hook's path), as the password of basic auth, as a bearer token, or in the
    header X-Webhook-Secret. `headers` may be in any case. Every comparison takes the same time.
    """
    if len(secret) < SHORTEST:
        raise HookRefused("no secret is set for this hook", status=401, hint=f"it needs {SHORTEST} characters or more")
    names = {name.lower(): value for name, value in headers.items()}
    scheme, _, word = names.get("authorization", "").partition(" ")
    shown = [given, names.get("x-webhook-secret", "")]
    if scheme.lower() == "bearer":
        shown.append(word.strip())
    elif scheme.lower() == "basic":
        shown.append(_password(word.strip()))
    wanted = secret.encode("utf-8", "surrogatepass")
    same = [hmac.compare_digest(one.encode("utf-8", "surrogatepass"), wanted) for one in shown]
    if not any(same):
        raise HookRefused("the hook does not show our secret", status=401)


def _password(word: str) -> str:
    try:
        return base64.b64decode(word[:2000], validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
