from typing import Any

from django.core.management.base import BaseCommand, CommandError

from booking.services.audit import findings
from clinic.web import clock


class Command(BaseCommand):
    help = "Look at every booking and name what breaks the rules of the ledger; exit 1 if any does."

    def handle(self, *args: Any, **options: Any) -> None:
        found = findings(now=clock.now())
        for finding in found:
            self.stdout.write(str(finding))
        if found:
            raise CommandError(f"Findings: {len(found)}.")
        self.stdout.write(self.style.SUCCESS("Every booking is as it should be."))
