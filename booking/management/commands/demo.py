"""`manage.py demo`: the demo clinic, made once and kept full."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from booking.demo import load_demo
from booking.demo.building import take_mark_away
from booking.demo.sign_ins import SignIn, sign_ins
from clinic.web import clock

SEED = 2026


class Command(BaseCommand):
    help = "Make the demo clinic where there is nothing yet, and fill its diary for 60 days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--stop", action="store_true", help="keep what is there, and draw nothing any more"
        )
        parser.add_argument("--seed", type=int, default=SEED, help="another seed, another diary")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo clinic is for trying out: it needs DEBUG on and DEMO not off."
            )
        if options["stop"]:
            take_mark_away()
            self.stdout.write("From now on the diary is yours: nothing is drawn any more.")
            return
        now = clock.now()
        loaded = load_demo(today=now.date(), seed=options["seed"], now=now)
        if not loaded.is_demo:
            self.stdout.write("This clinic has data of its own; the demo leaves it alone.")
            return
        self.stdout.write(
            f"{settings.CLINIC_NAME}, demo: {loaded.drawn} visits drawn, "
            f"{loaded.completed} completed.\n"
        )
        self._introduce(sign_ins())

    def _introduce(self, people: list[SignIn]) -> None:
        """Say who can sign in, and how. Codes are new at each start, and each works once."""
        staff = [person for person in people if person.codes]
        self.stdout.write(f"Clients sign in at {settings.SITE_URL}{reverse('account_login')} with")
        for person in people:
            if not person.codes:
                mailbox = f"{settings.SITE_URL}{reverse('site:mailbox')}"
                self.stdout.write(f"  {person.email}; the code arrives at {mailbox}")
        self.stdout.write(
            f"Staff sign in at {settings.SITE_URL}{reverse('account_password')} with a password, "
            "then one of the codes:"
        )
        widths = [max(len(getattr(each, name)) for each in staff) for name in ("role", "email")]
        for person in staff:
            role, email = person.role.ljust(widths[0]), person.email.ljust(widths[1])
            self.stdout.write(f"  {role}  {email}  {person.password}  {' '.join(person.codes)}")
