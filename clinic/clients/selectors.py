"""What is known of clients."""

from __future__ import annotations

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


def answers(client: Client) -> list[Consent]:
    """Return what `client` said to the questions one may refuse, the latest first. One query."""
    return list(Consent.objects.filter(client=client, kind__in=OPTIONAL))
