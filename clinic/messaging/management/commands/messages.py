from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from clinic.messaging import selectors, services
from clinic.messaging.errors import MessageError
from clinic.messaging.models import Message
from clinic.web import clock

LISTS: dict[str, Callable[[datetime], QuerySet[Message]]] = {
    "due": lambda now: selectors.due(now=now),
    "late": lambda now: selectors.late(now=now),
    "failed": lambda now: selectors.failed(),
}
BY = "manage.py messages"


class Command(BaseCommand):
    help = (
        "Show the outbox: what is due, late or failed, or how many of each code; "
        "try failed messages again, or withdraw planned ones. "
        "Exit 1 if the list of late ones is not empty, or a number given was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "list", nargs="?", choices=[*LISTS, "codes"], default="due", help="due, if not said"
        )
        parser.add_argument("--limit", type=int, default=50, help="rows to show (50)")
        change = parser.add_mutually_exclusive_group()
        change.add_argument("--retry", nargs="+", type=int, metavar="ID", help="failed messages")
        change.add_argument("--void", nargs="+", type=int, metavar="ID", help="planned messages")
        parser.add_argument("--reason", default="", help="why they are withdrawn")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        if options["retry"]:
            self.change(
                options["retry"],
                "is tried again",
                lambda message: services.retry(message=message, by=BY, now=now),
            )
        elif options["void"]:
            if not options["reason"].strip():
                raise CommandError("Say why they are withdrawn: --reason.")
            self.change(
                options["void"],
                "is withdrawn",
                lambda message: services.void_one(
                    message=message, reason=options["reason"].strip(), now=now
                ),
            )
        elif options["list"] == "codes":
            self.table(selectors.CodeCounts._fields, selectors.counts_by_code())
        else:
            self.show(options["list"], options["limit"], now)

    def show(self, name: str, limit: int, now: datetime) -> None:
        """Print one list, and how long it is where it is longer than its table."""
        messages = LISTS[name](now)
        count = messages.count()
        self.table(
            ("id", "due (UTC)", "code", "channel", "about", "to", "tries", "what is wrong"),
            [
                (
                    message.pk,
                    f"{message.due_at:%Y-%m-%d %H:%M}",
                    message.code,
                    message.channel,
                    message.subject,
                    message.recipient,
                    message.attempts,
                    " ".join((message.last_error or message.reason).split())[:60],
                )
                for message in messages[:limit]
            ],
        )
        if count > limit:
            self.stdout.write(f"... and {count - limit} more.")
        if name == "late" and count:
            raise CommandError(f"Late messages: {count}.")

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows under `head`, each column as wide as its widest word."""
        cells = [[str(cell) for cell in row] for row in rows]
        if not cells:
            self.stdout.write(self.style.SUCCESS("None."))
            return
        widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
        for row in [head, *cells]:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(line.rstrip())

    def change(self, keys: Iterable[int], done: str, act: Callable[[Message], None]) -> None:
        """Do it to each message by itself, and say of each what came of it."""
        refused = 0
        found = Message.objects.in_bulk(list(keys))
        for key in dict.fromkeys(keys):
            try:
                if key not in found:
                    raise MessageError("There is no such message.")
                act(found[key])
            except MessageError as error:
                refused += 1
                self.stderr.write(f"{key}: {error.message}")
            else:
                self.stdout.write(f"{key} {done}.")
        if refused:
            raise CommandError(f"Refused: {refused}.")
