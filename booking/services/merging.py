"""Two records of one person become one, and are taken apart again.

The duplicate stays as a row of its own with its name, address and number, so that whoever comes by
them, or by an old link, is known as the client who was kept. All that was theirs goes over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.models import Booking, Feed
from booking.selectors.duplicates import FILLED, why_not_merge
from clinic.accounts.models import User
from clinic.clients.models import Client, ClientMerge, ClientNote, Consent, twin_of
from clinic.clients.services import again_if_taken
from clinic.trail.services import note

ROWS = {"bookings": Booking, "consents": Consent, "notes": ClientNote, "feeds": Feed}
"""What goes over, by the name under which `ClientMerge.moved` lists it."""


@again_if_taken
@transaction.atomic
def merge_clients(*, kept: Client, merged: Client, user: User | None, now: datetime) -> ClientMerge:
    """Make `merged` a duplicate of `kept`: visits, answers, notes, addresses and account go over.

    What `kept` lacks (address, number, time zone) is taken from `merged`. `user` is who found that
    they are one person, or None where the client said so. Raises NotNow, with the reason, where
    they are not, or somebody got there first.
    """
    _lock(kept, merged, first=min(kept.pk, merged.pk))
    if refusal := why_not_merge(kept, merged):
        raise NotNow(refusal)
    moved: dict[str, Any] = {name: _give(name, merged, kept) for name in ROWS}
    earlier = merged.merged.all()
    moved["merged"] = list(earlier.values_list("pk", flat=True))
    earlier.update(merged_into=kept)
    moved["filled"] = [name for name in FILLED if _lacks(kept, merged, name)]
    for name in moved["filled"]:
        setattr(kept, name, getattr(merged, name))
    moved["user"], moved["gave_user"] = merged.user_id, kept.user_id is None
    moved["hold"] = merged.legal_hold and not kept.legal_hold
    kept.user_id, merged.user_id = kept.user_id or merged.user_id, None
    kept.legal_hold = kept.legal_hold or merged.legal_hold
    merged.merged_into = kept
    merged.save(update_fields=["merged_into", "user"])
    kept.save(update_fields=[*FILLED, "user", "legal_hold"])
    done = ClientMerge.objects.create(
        kept=kept, merged=merged, moved=moved, merged_by=user, merged_at=now
    )
    if user is not None:
        about = f"client:{kept.pk}"
        note(user_id=user.pk, what="client.merged", subject=about, now=now, merged=merged.pk)
    return done


@again_if_taken
@transaction.atomic
def take_apart(*, merge: ClientMerge, user: User, now: datetime) -> None:
    """Give back to the duplicate all that went over; what came since stays with who was kept.

    Doing it twice is harmless. Raises NotNow where a later merge is in the way, the person was
    erased, or somebody else has the name and address by now.
    """
    _lock(merge.kept, merge.merged, first=merge.merged.pk)
    merge.refresh_from_db(from_queryset=ClientMerge.objects.select_related("kept", "merged"))
    if merge.undone_at:
        return
    kept, merged, moved = merge.kept, merge.merged, merge.moved
    if kept.erased_at:
        raise NotNow(_("The details of this client were erased; there is nothing to take apart."))
    if merged.merged_into_id != kept.pk:
        raise NotNow(_("One of the two was merged again since. Take that apart first."))
    for name, model in ROWS.items():
        model.objects.filter(pk__in=moved[name], client=kept).update(client=merged)  # type: ignore[attr-defined]
    Client.objects.filter(pk__in=moved["merged"], merged_into=kept).update(merged_into=merged)
    for name in moved["filled"]:
        if getattr(kept, name) == getattr(merged, name):
            setattr(kept, name, "")
    if moved["gave_user"] and kept.user_id == moved["user"]:
        kept.user_id = None
    if User.objects.filter(pk=moved["user"]).exists():
        merged.user_id = moved["user"]
    if moved["hold"]:
        kept.legal_hold = False
    merged.merged_into = None
    kept.save(update_fields=[*FILLED, "user", "legal_hold"])
    if twin_of(merged) is not None:
        raise NotNow(
            _("Another client has this name and address by now. Change one of them first.")
        )
    merged.save(update_fields=["merged_into", "user"])
    merge.undone_by, merge.undone_at = user, now
    merge.save(update_fields=["undone_by", "undone_at"])
    about = f"client:{kept.pk}"
    note(user_id=user.pk, what="client.taken_apart", subject=about, now=now, merged=merged.pk)


def _lock(kept: Client, merged: Client, *, first: int) -> None:
    """Lock both rows, `first` first, and bring both up to date."""
    for client in sorted((kept, merged), key=lambda client: client.pk != first):
        client.refresh_from_db(from_queryset=Client.objects.select_for_update(no_key=True))


def _give(name: str, merged: Client, kept: Client) -> list[int]:
    """Put the rows of that name of `merged` under `kept`; return which. 2 queries, or 3.

    Of two open calendar addresses each stays with its owner, and shows what `kept` has.
    """
    rows = ROWS[name].objects.filter(client=merged)  # type: ignore[attr-defined]
    if name == "feeds" and kept.feeds.filter(revoked_at=None).exists():
        rows = rows.exclude(revoked_at=None)
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    rows.update(client=kept)
    return keys


def _lacks(kept: Client, merged: Client, name: str) -> bool:
    """Whether `kept` has no `name` and can take that of `merged`."""
    if getattr(kept, name) or not getattr(merged, name):
        return False
    if name != "email":
        return True
    others = Client.objects.filter(email_key=merged.email_key, name_key=kept.name_key)
    return not others.filter(merged_into=None).exclude(pk=merged.pk).exists()
