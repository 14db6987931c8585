"""`manage.py catalogue`: what the handbook offers, for a clinic that begins."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Model

from clinic.accounts.models import User
from clinic.web import clock
from treatments.catalogue import load_catalogue
from treatments.models import AddOn, InstructionVersion, Price, Treatment

KEPT: tuple[type[Model], ...] = (Treatment, AddOn, InstructionVersion, Price)


class Command(BaseCommand):
    help = "Add what is missing of the handbook's catalogue, at its prices from today."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--approved-by",
            required=True,
            metavar="EMAIL",
            help="the medical lead, who approves the care texts",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        lead = _medical_lead(options["approved_by"])
        before = [model._default_manager.count() for model in KEPT]
        load_catalogue(approved_by=lead, published_at=now, effective_from=now.date())
        for model, count in zip(KEPT, before, strict=True):
            added = model._default_manager.count() - count
            self.stdout.write(f"{model._meta.verbose_name_plural}: {added} added, {count} kept")


def _medical_lead(email: str) -> User:
    try:
        user = User.objects.get_by_natural_key(email)
    except User.DoesNotExist:
        raise CommandError(f"Nobody signs in as {email}.") from None
    if not user.has_perm("treatments.change_instructionversion"):
        raise CommandError(
            f"{email} may not approve care texts: that takes an active account with the role "
            "of medical lead."
        )
    return user
