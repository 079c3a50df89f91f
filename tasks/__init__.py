"""Celery tasks: one line of work each. Their arguments are names; what they mean is "look at the ledger"."""
