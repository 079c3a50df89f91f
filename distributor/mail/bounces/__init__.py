"""Mails that came back: who failed, why, and for good or not.

    bytes -> opening -> statuses (RFC 3464)      -> reasons -> Report
                     -> complaints (RFC 5965, JSON)
                     -> prose (forty mail systems)
                     -> answers (RFC 3834)

`read` is pure, never raises and does bounded work: reports are hostile input. `scores` decides when an address is
written to no more, `verp` makes and reads the return path that names the delivery, `mailbox` and `imap` fetch mails.
"""

from __future__ import annotations

from distributor.mail.bounces.reading import read
from distributor.mail.bounces.report import HARD_REASONS, Kind, Original, Report

__all__ = ["HARD_REASONS", "Kind", "Original", "Report", "read"]
