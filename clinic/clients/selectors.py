"""What is known of clients."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from clinic.clients.models import Client, Consent, ConsentKind

OPTIONAL = (
    ConsentKind.SERVICE_SMS,
    ConsentKind.CARE_TIPS,
    ConsentKind.FEEDBACK,
    ConsentKind.MARKETING_EMAIL,
    ConsentKind.MARKETING_SMS,
)
"""What a client may have or leave, in the order in which it is asked."""

ON_UNTIL_REFUSED = {ConsentKind.CARE_TIPS, ConsentKind.FEEDBACK}


def preferences(client: Client) -> dict[ConsentKind, bool]:
    """Return what `client` wants to hear: the latest answer to each question. One query.

    Who never answered gets care tips and questions about the visit, and nothing else.
    """
    wanted = {kind: kind in ON_UNTIL_REFUSED for kind in ConsentKind}
    answers = Consent.objects.filter(client=client).order_by("given_at", "pk")
    for kind, is_given in answers.values_list("kind", "is_given"):
        wanted[ConsentKind(kind)] = is_given
    return wanted


def optional_answers(client: Client) -> list[Consent]:
    """Return what `client` said to the questions one may refuse, the latest first. One query."""
    return list(Consent.objects.filter(client=client, kind__in=OPTIONAL))


def standing_since(answers: Iterable[Consent]) -> dict[str, datetime]:
    """Return, by kind, since when the latest answer has not been another; `answers` latest first.

    A kind that was never answered is left out.
    """
    since: dict[str, tuple[bool, datetime]] = {}
    changed: set[str] = set()
    for answer in answers:
        latest, _ = since.get(answer.kind, (answer.is_given, answer.given_at))
        if latest != answer.is_given:
            changed.add(answer.kind)
        elif answer.kind not in changed:
            since[answer.kind] = latest, answer.given_at
    return {kind: at for kind, (_, at) in since.items()}
