"""A relay that fails in every way: `python -m benchmarks.mail.hostile --port N --log FILE [--rate 0.001]`.

Each line of the log is one write, before the answer leaves, so it survives kill -9 of the relay:

    T recipient message-id    it answers the final dot with 250
    F recipient code          it refuses this recipient or letter for good
    U recipient message-id    it has the final dot, and gives no answer; T stands beside it where it kept the letter

`--rate` is the share of commands that a fault hits, at CONNECT, EHLO, MAIL, RCPT, DATA and the final dot alike.
Recipients that begin with "bad" do not exist.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import signal

__all__ = ["FAULTS"]

# What a verb is answered with. "drop" closes, "half" in the middle of DATA; "silence" says nothing after the dot.
REPLIES = (b"421 4.3.2 closing", b"450 4.2.1 busy", b"452 4.2.2 full", b"550 5.7.1 not now", b"554 5.6.0 no")
FAULTS = {
    "CONNECT": (b"421 4.3.2 too many", b"450 4.3.2 later", b"452 4.3.1 full", b"554 5.3.2 no", b"drop"),
    "EHLO": (b"421 4.3.2 closing", b"450 4.3.2 later", b"452 4.3.1 full", b"554 5.3.2 no", b"drop"),
    "MAIL": (*REPLIES, b"drop"),
    "RCPT": (*REPLIES, b"drop"),
    "DATA": (*REPLIES, b"drop", b"half"),
    "DOT": (*REPLIES, b"drop", b"silence", b"taken-drop", b"taken-silence"),
}
# So long it says nothing, then it closes: a client's own ten minutes would be the whole campaign.
SILENCE = 4.0
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.M | re.I)
_END = b"\r\n.\r\n"
OFFERS = b"250-relay.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES"


class _Over(Exception):
    """The conversation ends without a word."""


class Relay:
    def __init__(self, log: int, rate: float, chance: random.Random) -> None:
        self._log, self._rate, self._chance = log, rate, chance

    def fault(self, verb: str) -> bytes:
        """What goes wrong now; nothing, nearly always."""
        return self._chance.choice(FAULTS[verb]) if self._chance.random() < self._rate else b""

    def note(self, kind: bytes, *words: bytes) -> None:
        os.write(self._log, b" ".join((kind, *words)) + b"\n")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Conversation(self, reader, writer).run()
        except (_Over, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.transport.abort()

    def cut(self, size: int) -> int:
        return self._chance.randrange(1, size)


class _Conversation:
    def __init__(self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._relay, self._reader, self._writer = relay, reader, writer
        self._recipient, self._asked, self._mailed = b"", b"", False

    async def run(self) -> None:
        if await self._answer("CONNECT", b"220 relay.example ESMTP") >= 400:
            return
        while True:
            line = (await self._reader.readuntil(b"\r\n")).rstrip(b"\r\n")
            verb, _, argument = line.partition(b" ")
            match verb.upper():
                case b"EHLO":
                    await self._answer("EHLO", OFFERS)
                case b"HELO":
                    await self._answer("EHLO", b"250 relay.example")
                case b"MAIL":
                    await self._mail()
                case b"RCPT":
                    await self._rcpt(argument)
                case b"DATA":
                    await self._data()
                case b"RSET":
                    await self._rset()
                case b"QUIT":
                    await self._say(b"221 2.0.0 bye")
                    return
                case _:
                    await self._say(b"500 5.5.1 what?")

    async def _mail(self) -> None:
        self._recipient, self._asked = b"", b""
        self._mailed = await self._answer("MAIL", b"250 2.1.0 ok") < 300

    async def _rcpt(self, argument: bytes) -> None:
        if not self._mailed:
            await self._say(b"503 5.5.1 MAIL first")
            return
        recipient = argument.partition(b"<")[2].partition(b">")[0]
        if recipient.startswith(b"bad"):
            self._relay.note(b"F", recipient, b"550")
            await self._say(b"550 5.1.1 no such user")
            return
        self._asked = recipient
        if await self._answer("RCPT", b"250 2.1.5 ok") < 300:
            self._recipient = recipient

    async def _data(self) -> None:
        if not self._recipient:
            await self._say(b"554 5.5.1 no valid recipients")
            return
        fault = self._relay.fault("DATA")
        if fault == b"half":
            await self._say(b"354 go on")
            await self._reader.readexactly(self._relay.cut(20_000))
            raise _Over
        if fault:
            self._asked = self._recipient
            await self._refuse(fault)
            return
        await self._say(b"354 go on")
        content = await self._reader.readuntil(_END)
        await self._dot(content)

    async def _dot(self, content: bytes) -> None:
        found = _MESSAGE_ID.search(content, 0, 8000)
        words = (self._recipient, found[1] if found else b"-")
        fault = self._relay.fault("DOT")
        if fault in REPLIES:
            self._asked = self._recipient
            await self._refuse(fault)
            return
        if not fault or fault.startswith(b"taken"):
            self._relay.note(b"T", *words)
        if fault:
            self._relay.note(b"U", *words)
            if fault.endswith(b"silence"):
                await asyncio.sleep(SILENCE)
            raise _Over
        self._recipient, self._mailed = b"", False
        await self._say(b"250 2.0.0 ok: queued")

    async def _rset(self) -> None:
        self._recipient, self._mailed = b"", False
        await self._say(b"250 2.0.0 ok")

    async def _answer(self, verb: str, usual: bytes) -> int:
        fault = self._relay.fault(verb)
        if fault:
            return await self._refuse(fault)
        await self._say(usual)
        return int(usual[:3])

    async def _refuse(self, fault: bytes) -> int:
        """One of the bad answers; what is for good is noted with whom it was about."""
        if fault == b"drop":
            raise _Over
        if fault.startswith(b"5") and self._asked:
            self._relay.note(b"F", self._asked, fault[:3])
        await self._say(fault)
        if fault.startswith(b"421"):
            raise _Over
        self._recipient, self._asked = b"", b""
        return int(fault[:3])

    async def _say(self, words: bytes) -> None:
        self._writer.write(words + b"\r\n")
        await self._writer.drain()


async def serve(port: int, relay: Relay) -> None:
    server = await asyncio.start_server(relay.serve, "127.0.0.1", port, limit=4_000_000, reuse_address=True)
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    async with server:
        await over.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--rate", type=float, default=0.001)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    log = os.open(given.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    asyncio.run(serve(given.port, Relay(log, given.rate, random.Random(given.seed))))


if __name__ == "__main__":
    main()
