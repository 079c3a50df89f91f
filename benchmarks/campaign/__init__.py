"""The campaign: nothing is lost, nothing is sent twice, whatever is killed.

A newspaper publishes on loopback, the bot distributes, twins of four networks log every effect outside of the bot,
and all the while processes are killed, brokers flushed, databases crashed, locked and filled up. Then the twins' log is
held against what the newspaper published.

    newspaper   the source: articles that appear over time; it counts what is to be posted
    players     processes: started, killed, started again, and in the end all stopped
    twins       the four networks, each a process with a log of its own
    backends    the two ways to run: Celery workers on Redis and PostgreSQL, and one process on SQLite
    disasters   what befalls them, and when
    conductor   lets it all happen until nothing is left to send
    verdict     logs and ledger against the newspaper: lost, doubled, uncertain

`python -m benchmarks.campaign [--quick] [--json]`; its last line is one JSON object.
"""
