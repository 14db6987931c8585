"""What clients find in the catalogue. Hidden and retired offers are nowhere on the site."""

from __future__ import annotations

from treatments.models import AddOn, Option, Treatment, Visibility


def options_on_offer(*, slug: str = "") -> list[Option]:
    """Return the lengths clients may choose, in the catalogue's order, the shortest first.

    Those of one treatment where `slug` names it. One query, treatments included.
    """
    options = Option.objects.bookable().order_by(
        "treatment__position", "treatment__code", "minutes"
    )
    return list(options.filter(treatment__slug=slug) if slug else options)


def add_ons_for(treatment: Treatment) -> list[AddOn]:
    """Return the extras that go with `treatment`, in the catalogue's order. One query."""
    return list(AddOn.objects.filter(visibility=Visibility.PUBLIC).exclude(not_with=treatment))
