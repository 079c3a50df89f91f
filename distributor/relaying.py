"""A relay that stopped works again when a person says so, and it proves well."""

from __future__ import annotations

from distributor.context import App
from distributor.errors import ConfigError, NotFound
from distributor.mailroom import MAIN, build_mailroom
from distributor.store import accounts, census

__all__ = ["check_relay"]


def check_relay(app: App, name: str, who: str) -> list[str]:
    """Proves a relay, [mail] smtp by "" and [relays.NAME] by its name, and opens its account again: lines of good news.
    Secrets are read anew, here and, after it went well, in every process that runs.

    Raises ConfigError without [mail], NotFound, and what the relay's own check raises: then it stays as it is.
    """
    room = app.reread() if app.reread is not None else build_mailroom(app.settings)
    if room is None:
        raise ConfigError("there is no [mail] in the settings", key="mail")
    account = f"{MAIN}:{name}" if name and name != MAIN else MAIN
    relay = room.relays.get(account)
    if relay is None:
        names = ", ".join(one.partition(":")[2] for one in room.relays if one != MAIN) or "none but [mail] smtp"
        raise NotFound(f"there is no relay {name!r}", hint=f"the relays are: {names}")
    lines = relay.check()
    with app.store.write(durable=True) as connection:
        accounts.reopen(connection, account)
        census.audit(connection, who, "check", f"relay:{account}", app.clock())
    app.waker.wake(account)
    return lines
