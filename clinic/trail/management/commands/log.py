from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic.trail import selectors, services


class Command(BaseCommand):
    help = (
        "Check that nobody changed the log (verify), or seal what waits for it (seal). "
        "Exit 1 if the chain is broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("do", nargs="?", choices=["verify", "seal"], default="verify")

    def handle(self, *args: Any, do: str, **options: Any) -> None:
        if do == "seal":
            self.stdout.write(f"Sealed: {services.seal(everything=True)}")
            return
        broken, end = selectors.verify(), selectors.end()
        if broken is not None:
            raise CommandError(f"The chain is broken at position {broken}.")
        last = f"{end.position} links, the last one {end.digest}" if end else "no links"
        self.stdout.write(f"The chain is whole: {last}. Not sealed yet: {selectors.unsealed()}.")
