"""What clients find in the catalogue. Hidden and retired offers are nowhere on the site."""

from __future__ import annotations

from treatments.models import AddOn, Option, Treatment, Visibility


def options_on_offer(*, slug: str = "", is_staff: bool = False) -> list[Option]:
    """Return the lengths clients may choose, in the catalogue's order, the shortest first.

    Those of one treatment where `slug` names it; for staff also those hidden on the site. One
    query, treatments included.
    """
    options = Option.objects.bookable()
    if is_staff:
        options = Option.objects.filter(is_active=True).select_related("treatment")
        options = options.exclude(treatment__visibility=Visibility.RETIRED)
    options = options.order_by("treatment__position", "treatment__code", "minutes")
    return list(options.filter(treatment__slug=slug) if slug else options)


def add_ons_for(treatment: Treatment, *, is_staff: bool = False) -> list[AddOn]:
    """Return the extras that go with `treatment`, in the catalogue's order. One query.

    For staff also those hidden on the site.
    """
    seen = {Visibility.PUBLIC, Visibility.HIDDEN} if is_staff else {Visibility.PUBLIC}
    return list(AddOn.objects.filter(visibility__in=seen).exclude(not_with=treatment))
