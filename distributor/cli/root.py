"""The root command: the table of commands, and the options that stand before them."""

from __future__ import annotations

import click

from distributor import __version__
from distributor.cli.faults import EPILOG
from distributor.cli.groups import Root
from distributor.cli.session import Session, pass_session

__all__ = ["SECTIONS", "cli", "module"]

# Help must not import what it lists; a test holds these lines against the commands' own.
SECTIONS = {
    "Start": {
        "init": "Write a first distributor.toml for a site or feed.",
        "run": "Watch and post: worker, schedule and pages in one process.",
        "web": "Serve only the pages, beside workers that run elsewhere.",
        "status": "What is wrong, first; then every channel and the ledger's law.",
        "doctor": "Check everything that distributor stands on.",
    },
    "An article": {
        "send": "Send an article now, or at a time, by hand; or a digest.",
        "preview": "Show the exact text of every channel's post; nothing is sent.",
        "why": "Why an article was posted where, or not.",
        "hold": "Hold an article's waiting posts.",
        "release": "Release what is held, of an article or a source.",
        "approve": "Let posts go that wait for approval.",
        "withdraw": "Take an article back: delete what is posted, drop what waits.",
        "correct": "Correct an article by hand; its posts are edited.",
        "pin": "Put an article first, in queues, digests and lists.",
        "bury": "Put an article last, in queues, digests and lists.",
        "unpin": "Let an article stand where its ranking puts it again.",
    },
    "Switches": {
        "pause": "Stop a channel, or everything.",
        "resume": "Let a channel, or everything, go on.",
    },
    "Lists": {
        "sources": "Where news comes from.",
        "channels": "Where posts go to.",
        "articles": "What was published.",
        "trending": "What is trending now, and why.",
        "report": "What came of articles, channels and digests.",
        "digests": "The newsletters' editions, how far they are, and the switches.",
        "subscribers": "Who reads, by their own wish.",
        "deliveries": "Each post, edit and deletion, and what became of it.",
    },
    "Tools": {
        "mail": "What sending mail needs.",
        "signals": "What readers did, counted elsewhere.",
        "measure": "How long a text is in a network's own count.",
        "upgrade": "Bring the database to this version; SQLite is backed up first.",
        "completion": "Print the completion script of a shell.",
        "version": "Show the version.",
    },
}
_TOGETHER = {
    "preview": "send",
    **dict.fromkeys(("hold", "release", "approve", "withdraw", "correct", "pause", "resume"), "acts"),
    **dict.fromkeys(("pin", "bury", "unpin"), "places"),
    "version": "upgrade",
}


def module(command: str) -> str:
    """Where a command is written."""
    return f"distributor.cli.{_TOGETHER.get(command, command)}"


@click.command(
    cls=Root,
    sections=SECTIONS,
    modules=module,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="distributor", message="%(prog)s %(version)s")
@click.option("--config", metavar="FILE", help="The settings file; else DISTRIBUTOR_CONFIG, ./distributor.toml.")
@click.option("-v", "--verbose", count=True, help="Log to standard error: -v what happens, -vv everything.")
@pass_session
def cli(session: Session, config: str | None, verbose: int) -> None:
    """Brings every article of a publisher to its readers: social networks, Telegram, email.

    Start with `distributor init https://your.site`. Every command takes --json.
    """
    session.config = config or session.config
    session.verbosity += verbose
