"""A signed-in session with a Bluesky server, kept in one file beside the ledger.

A sign-in is dear (30 in 5 minutes, 300 a day): so a session outlives the process, and is renewed, not made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributor.channels.http import Answer, Deadline, call, harmless, open_client, refuse
from distributor.errors import RetryLater, Uncertain

if TYPE_CHECKING:
    import httpx2

__all__ = ["HINT", "Session"]

HINT = "make an app password (Settings, Privacy and security) and put it in; then: distributor channels check"
PARTS = ("did", "accessJwt", "refreshJwt")
RENEWABLE = {"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"}


class Session:
    """XRPC calls as one account. `timeout` (seconds) holds for each wait for bytes. Nothing is sent when it is made."""

    def __init__(
        self, base_url: str, handle: str, password: str, *, folder: Path, timeout: float, clock: Callable[[], datetime]
    ) -> None:
        self._base_url, self._handle, self._password = base_url, handle, password
        self._folder, self._timeout, self._clock = folder, timeout, clock
        self._client: httpx2.Client | None = None
        self._held: dict[str, str] = {}

    def did(self, deadline: Deadline) -> str:
        """The account's DID, which unlike its handle never changes."""
        return self._session(deadline)["did"]

    def ask(self, method: str, name: str, deadline: Deadline, **request: Any) -> Answer:
        """Call the method `name` of the lexicon; a session that ran out is renewed, once."""
        session = self._session(deadline)
        answer = self._call(method, name, session["accessJwt"], deadline, **request)
        if answer.status == 401 or answer.data().get("error") in RENEWABLE:
            session = self._renewed(session, deadline)
            answer = self._call(method, name, session["accessJwt"], deadline, **request)
        if answer.good and answer.body and not answer.body.lstrip().startswith(b"{"):
            raise Uncertain(f"bluesky: {name}: an answer that is not JSON", reason="bad-answer")
        return answer

    def _session(self, deadline: Deadline) -> dict[str, str]:
        if not self._held:
            self._held = self._load() or self._sign_in(deadline)
        return self._held

    def _renewed(self, spent: dict[str, str], deadline: Deadline) -> dict[str, str]:
        stored = self._load()
        if stored and stored["accessJwt"] != spent["accessJwt"]:  # another process was quicker
            self._held = stored
            return stored
        self._held = {}
        with harmless():
            answer = self._call("POST", "com.atproto.server.refreshSession", spent["refreshJwt"], deadline)
        if answer.status >= 500 or answer.status == 429:
            with harmless():
                raise refuse(answer, "bluesky: renew the session", self._clock(), hint=HINT)
        self._held = self._kept(answer) if answer.good else self._sign_in(deadline)
        return self._held

    def _sign_in(self, deadline: Deadline) -> dict[str, str]:
        body = {"identifier": self._handle, "password": self._password}
        with harmless():
            answer = self._call("POST", "com.atproto.server.createSession", "", deadline, json=body)
            if not answer.good:
                raise refuse(answer, "bluesky: sign in", self._clock(), hint=HINT)
        return self._kept(answer)

    def _kept(self, answer: Answer) -> dict[str, str]:
        session = _whole(answer.data())
        if session is None:
            raise RetryLater("bluesky: sign in: an answer without a session", outage=True)
        with suppress(OSError):  # a full disk costs another sign-in later, not the post
            self._save(session)
        return session

    def _save(self, session: dict[str, str]) -> None:
        path = self._path()
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(session, file)
        fresh.replace(path)

    def _load(self) -> dict[str, str] | None:
        try:
            return _whole(json.loads(self._path().read_text()))
        except (OSError, ValueError):
            return None

    def _path(self) -> Path:
        """Another server, handle or password is another session."""
        whose = hashlib.sha256("\0".join((self._base_url, self._handle, self._password)).encode()).hexdigest()
        return self._folder / f"bluesky-{whose[:16]}.session"

    def _call(self, method: str, name: str, token: str, deadline: Deadline, **request: Any) -> Answer:
        if self._client is None:
            self._client = open_client(self, self._base_url, self._timeout)
        headers = {**request.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        return call(self._client, method, f"/xrpc/{name}", deadline=deadline, headers=headers, **request)


def _whole(data: Any) -> dict[str, str] | None:
    """The parts of a session, if they are all there."""
    if not isinstance(data, dict):
        return None
    session = {part: data[part] for part in PARTS if isinstance(data.get(part), str) and data[part]}
    return session if len(session) == len(PARTS) else None
