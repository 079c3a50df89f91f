"""Digests and alerts planned, and mails out."""

from distributor.digest import build_due
from distributor.mailing import drain_mail
from distributor.worker import app, parts, told

__all__ = ["build", "mail"]


@app.task(name="distributor.tasks.digests.build")
@told
def build() -> None:
    """Plans what is due; rings again when its turn is over and there is more."""
    if build_due(parts()).more:
        build.apply_async(expires=5)


@app.task(name="distributor.tasks.digests.mail")
@told
def mail(account: str) -> None:
    """Mails what is due by one account; rings again when its turn is over and there is more."""
    if drain_mail(parts(), account).more:
        parts().waker.wake(account)
