"""A mail worker for the campaign: `python -m benchmarks.mail.post SETTINGS` sweeps, plans and drains until ended."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from distributor import config, logs
from distributor.app import build_app
from distributor.errors import DistributorError

__all__: list[str] = []

NAP = 0.05


def main() -> None:
    logs.configure(level="ERROR")
    app = build_app(config.load(Path(sys.argv[1])), wake=False)
    from distributor.digest import build_due
    from distributor.mailing import drain_mail
    from distributor.sweeping import sweep

    while True:
        try:
            sweep(app)
            build_due(app)
            drained = drain_mail(app, "mail")
        except DistributorError as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            time.sleep(NAP * 4)
        else:
            if not drained.sent:
                time.sleep(NAP)


if __name__ == "__main__":
    main()
