"""`manage.py demo`: the demo clinic, made once and kept full."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from booking.demo import load_demo
from booking.demo.building import PASSWORD, accounts, take_mark_away
from booking.permissions import Role
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
            f"Staff sign in at {settings.SITE_URL}/admin/:"
        )
        people = [person for person in accounts() if person["role"] != Role.CLIENT]
        widths = [max(len(person[key]) for person in people) for key in ("role", "email")]
        for person in people:
            role, email = (
                person[key].ljust(width)
                for key, width in zip(("role", "email"), widths, strict=True)
            )
            self.stdout.write(f"  {role}  {email}  {PASSWORD}")
