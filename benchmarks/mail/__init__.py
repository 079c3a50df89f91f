"""How many digests a second leave: `python -m benchmarks.mail [--quick] [--tls] [--json]`.

    readership  the settings, the articles, and readers by the million, put into the store by SQL
    servers     smtp-sink, which counts, a TLS relay before it, PostgreSQL
    worker      a process with its app: it plans, drains, or runs the engine without a ledger, and measures itself
    engine      letters made, signed, journalled and sent, but neither claimed nor settled
    others      smtp-source, smtplib, django-newsletter
    rounds      what is measured, one figure after another

What counts as sent is what the sink has counted, and the ledger must agree.
"""
