"""A mail server of our own, in a process of its own: it takes what comes, or is in a mood.

    python -m tests.faults.sink 25250 /tmp/sink

listens on that port of 127.0.0.1 and writes a line of JSON into `taken` in that folder for each
mail it takes. What it does with the next ones stands, one a line, in `moods` there; the last line
that says "always" is never used up:

    451                 asks to try later
    550                 knows no such person
    554                 takes it for spam
    cut                 hangs up in the middle of the mail
    taken, then cut     takes it, and hangs up without a word
    slow                takes it, after half a second
"""

import asyncio
import json
import sys
import time
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

ANSWERS = {"451": "451 Try again later", "554": "554 Looks like spam"}


class Taker:
    """What the server does with each mail."""

    def __init__(self, folder: Path) -> None:
        self.moods = folder / "moods"
        self.taken = (folder / "taken").open("a")

    def next_mood(self) -> str:
        """Return what to do with the mail that begins."""
        if not self.moods.exists():
            return ""
        mood, _, others = self.moods.read_text().partition("\n")
        if not mood.startswith("always "):
            self.moods.write_text(others)
        return mood.removeprefix("always ")

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, door: "Door", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        door.mood = self.next_mood()
        if door.mood == "550":
            return "550 No such person here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, door: "Door", session: Session, envelope: Envelope
    ) -> str:
        if answer := ANSWERS.get(door.mood):
            return answer
        if door.mood == "slow":
            await asyncio.sleep(0.5)
        self.take(envelope)
        if door.mood == "taken, then cut":
            door.transport.abort()
        return "250 Taken"

    def take(self, envelope: Envelope) -> None:
        """Write down that a mail was taken."""
        content: Any = envelope.content
        head = message_from_bytes(content.partition(b"\r\n\r\n")[0])
        line = {
            "id": head["Message-ID"],
            "to": envelope.rcpt_tos[0],
            "subject": str(make_header(decode_header(head["Subject"]))),
            "bytes": len(content),
            "at": time.time(),
        }
        self.taken.write(json.dumps(line) + "\n")
        self.taken.flush()


class Door(SMTP):
    """A server that may hang up while a mail is being read out to it."""

    mood = ""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 (aiosmtpd's name)
        if self.mood == "cut":
            await self.push("354 Go on")
            await self._reader.readline()
            self.transport.abort()
        else:
            await super().smtp_DATA(arg)


async def serve(port: int, folder: Path) -> None:
    """Serve until the process ends."""
    loop, taker = asyncio.get_running_loop(), Taker(folder)
    server = await loop.create_server(
        lambda: Door(taker, hostname="sink.example", loop=loop), "127.0.0.1", port
    )
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
