"""The catalogue: saving, ordering and retiring what we offer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from clinic.accounts.models import User
from clinic.trail.services import note
from treatments.errors import AlreadySold, OfferChanged
from treatments.fingerprints import fingerprint
from treatments.models import AddOn, Instruction, Option, Treatment, Visibility
from treatments.promises import ADD_ON, OPTION, diary

Offer = Treatment | AddOn
SETTINGS = (
    "slug",
    "areas",
    "device_needs",
    "visibility",
    "figure",
    "is_consultation",
    "minutes",
)


def state_of(offer: Offer) -> dict[str, Any]:
    """Return what is stored of `offer`, by field, as JSON takes it. 1 query, a treatment 2."""
    state = {
        name: getattr(offer, name) for name in (*SETTINGS, *offer.texts()) if hasattr(offer, name)
    }
    state["instructions"] = sorted(offer.instructions.values_list("pk", flat=True))
    if isinstance(offer, Treatment):
        lengths = offer.options.order_by("pk")
        state["lengths"] = [
            list(row) for row in lengths.values_list("pk", "minutes", "buffer_minutes", "is_active")
        ]
    else:
        state["not_with"] = sorted(offer.not_with.values_list("pk", flat=True))
    return state


def stamp_of(offer: Offer) -> str:
    """Return a short text that is another as soon as anything of `offer` is; "" for a new one."""
    return fingerprint(state_of(offer)) if offer.pk else ""


@transaction.atomic
def save_treatment(
    *,
    user: User,
    treatment: Treatment,
    instructions: Collection[Instruction],
    lengths: Sequence[Option],
    seen: str,
    now: datetime,
) -> Treatment:
    """Store `treatment`, new or changed, with its texts and lengths.

    `seen` is the stamp of what `user` had before them. Raises OfferChanged, and AlreadySold where
    a booking took what would become other.
    """
    before = _locked(treatment, seen)
    if treatment.pk:
        stored = {option.pk: option for option in treatment.options.select_for_update()}
        sold = diary().sold(OPTION, list(stored))
        resized = {x.pk for x in lengths if x.pk and x.minutes != stored[x.pk].minutes}
        is_refitted = treatment.device_needs != before["device_needs"]
        if resized & sold or (is_refitted and sold):
            raise AlreadySold
    _place(treatment)
    treatment.save()
    treatment.instructions.set(instructions)
    for option in lengths:
        option.treatment = treatment
        option.save()
    _note(user, treatment, before, now)
    return treatment


@transaction.atomic
def save_add_on(
    *,
    user: User,
    add_on: AddOn,
    instructions: Collection[Instruction],
    not_with: Collection[Treatment],
    seen: str,
    now: datetime,
) -> AddOn:
    """Store `add_on`, new or changed; as `save_treatment`."""
    before = _locked(add_on, seen)
    taken = ("device_needs", "minutes")
    is_other = before and any(getattr(add_on, name) != before[name] for name in taken)
    if is_other and diary().sold(ADD_ON, [add_on.pk]):
        raise AlreadySold
    _place(add_on)
    add_on.save()
    add_on.instructions.set(instructions)
    add_on.not_with.set(not_with)
    _note(user, add_on, before, now)
    return add_on


@transaction.atomic
def move_offer(*, user: User, offer: Offer, is_up: bool, now: datetime) -> None:
    """Put `offer` one place up or down in the catalogue. 3 queries."""
    rows = list(type(offer)._default_manager.select_for_update())
    here = rows.index(offer)
    there = here - 1 if is_up else here + 1
    if not 0 <= there < len(rows):
        return
    rows[here], rows[there] = rows[there], rows[here]
    for position, row in enumerate(rows):
        row.position = position
    type(offer)._default_manager.bulk_update(rows, ["position"])  # type: ignore[arg-type]
    note(user_id=user.pk, what="catalogue.moved", subject=subject_of(offer), now=now, to=there)


@transaction.atomic
def retire(*, user: User, thing: Offer | Option, now: datetime) -> None:
    """Take `thing` off: nobody can book it any more, and visits promised with it stay promised."""
    _show(user, thing, Visibility.RETIRED, now)


@transaction.atomic
def offer_again(*, user: User, thing: Offer | Option, to: str, now: datetime) -> None:
    """Offer `thing` again, on the site or (`to` is HIDDEN) not online."""
    _show(user, thing, Visibility(to), now)


def subject_of(thing: Offer | Option) -> str:
    """Return how the log names `thing`."""
    return f"{thing._meta.model_name}:{thing.pk}"


def _show(user: User, thing: Offer | Option, to: Visibility, now: datetime) -> None:
    is_retired = to == Visibility.RETIRED
    if isinstance(thing, Option):
        lengths = Option.objects.filter(pk=thing.pk, is_active=is_retired)
        changed = lengths.update(is_active=not is_retired)
    elif isinstance(thing, Treatment):
        treatments = Treatment.objects.filter(pk=thing.pk).exclude(visibility=to)
        changed = treatments.update(visibility=to)
    else:
        add_ons = AddOn.objects.filter(pk=thing.pk).exclude(visibility=to)
        changed = add_ons.update(visibility=to)
    if changed:
        what = "catalogue.retired" if is_retired else "catalogue.offered"
        note(user_id=user.pk, what=what, subject=subject_of(thing), now=now, to=to.value)


def _locked(offer: Offer, seen: str) -> dict[str, Any]:
    """Lock the row of `offer` and return what is stored of it; {} for a new one."""
    if not offer.pk:
        return {}
    stored = type(offer)._default_manager.select_for_update().get(pk=offer.pk)
    if stamp_of(stored) != seen:
        raise OfferChanged
    return state_of(stored)


def _place(offer: Offer) -> None:
    """Put a new offer last."""
    if not offer.pk:
        last = type(offer)._default_manager.order_by("-position").first()
        offer.position = last.position + 1 if last else 0


def _note(user: User, offer: Offer, before: dict[str, Any], now: datetime) -> None:
    """Write down what became other, by field; of texts only how long they are."""
    texts = offer.texts()
    changed = {
        name: [_logged(name, before.get(name), texts), _logged(name, value, texts)]
        for name, value in state_of(offer).items()
        if value != before.get(name)
    }
    what = "catalogue.saved" if before else "catalogue.added"
    if changed:
        note(user_id=user.pk, what=what, subject=subject_of(offer), now=now, changed=changed)


def _logged(name: str, value: Any, texts: dict[str, str]) -> Any:
    return len(value) if name in texts and value is not None else value
