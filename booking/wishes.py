"""What somebody would like to book: a value that pages, services and the diary share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from booking.errors import NotOffered
from booking.models import Booking, Provider
from booking.scheduling.slots import Demand
from booking.visitors import Visitor
from clinic.places.models import Location
from clinic.places.policies import Policy
from treatments.models import AddOn, Option, Treatment, Visibility

MINUTE = 60


@dataclass(frozen=True)
class Wish:
    """One treatment in one length with its add-ons, at a place, with somebody or anyone.

    What a booking was promised is settled: `extra_minutes`, the first-visit talk, and the
    turnovers. None where nothing is settled yet: then policy and option decide.
    `adjusted_minutes` are those that staff added to a visit, or took from it.
    """

    option: Option
    location: Location
    add_ons: tuple[AddOn, ...] = ()
    provider: Provider | None = None
    is_known: bool = False
    extra_minutes: int | None = None
    buffer_minutes: int | None = None
    wipe_minutes: int | None = None
    adjusted_minutes: int = 0

    @classmethod
    def of(cls, booking: Booking) -> Wish:
        """Return the wish that `booking` fulfils. One query for the add-ons, if not prefetched."""
        return cls(
            option=booking.option,
            location=booking.location,
            add_ons=tuple(booking.add_ons.all()),
            provider=booking.provider,
            is_known=booking.client_id is not None,
            extra_minutes=booking.extra_minutes,
            buffer_minutes=booking.promise.get("buffer_minutes"),
            wipe_minutes=booking.promise.get("device_wipe_minutes"),
            adjusted_minutes=booking.adjusted_minutes,
        )

    def with_(self, provider: Provider | None) -> Wish:
        """Return the same wish with `provider`, or with anyone."""
        return replace(self, provider=provider)

    def instead(
        self,
        *,
        option: Option,
        location: Location,
        add_ons: Iterable[AddOn],
        provider: Provider | None,
    ) -> Wish:
        """Return what the same visit would be as something else; its talk stays as promised."""
        return replace(
            self,
            option=option,
            location=location,
            add_ons=tuple(add_ons),
            provider=provider,
            buffer_minutes=self.buffer_minutes if option == self.option else None,
            adjusted_minutes=self.adjusted_minutes if option == self.option else 0,
        )

    def is_as(self, other: Wish) -> bool:
        """Whether both ask for the same treatment, length, extras and place."""
        return (self.option, self.location, set(self.add_ons)) == (
            other.option,
            other.location,
            set(other.add_ons),
        )

    def as_asked_by(self, visitor: Visitor) -> Wish:
        """Return the same wish as `visitor` may have it: known or new, nothing settled yet."""
        return replace(
            self,
            is_known=visitor.is_known,
            extra_minutes=None,
            buffer_minutes=None,
            wipe_minutes=None,
            adjusted_minutes=0,
        )

    def talk_minutes(self, policy: Policy) -> int:
        """Minutes of consultation a new client gets at no charge, besides a treatment."""
        needs_none = self.is_known or self.option.treatment.is_consultation
        return _either(self.extra_minutes, 0 if needs_none else policy.new_client_extra_minutes)

    def paid_minutes(self) -> int:
        """Minutes of treatment and add-ons."""
        return self.option.minutes + sum(add_on.minutes for add_on in self.add_ons)

    def minutes(self, policy: Policy) -> int:
        """The client's time in minutes."""
        return self.paid_minutes() + self.talk_minutes(policy) + self.adjusted_minutes

    def turnover_minutes(self, policy: Policy) -> int:
        """Minutes for which provider and room are kept after the treatment."""
        usual = max(self.option.buffer_minutes, policy.buffer_minutes_at_least)
        return _either(self.buffer_minutes, usual)

    def demand(self, policy: Policy) -> Demand:
        """Return what such a visit takes of the diary."""
        buffer = self.turnover_minutes(policy) * MINUTE
        wipe = _either(self.wipe_minutes, policy.device_wipe_minutes) * MINUTE
        needs = [need for offer in (self.option.treatment, *self.add_ons) for need in offer.needs]
        return Demand(
            treatment_seconds=self.minutes(policy) * MINUTE,
            provider_turnover_seconds=buffer,
            room_turnover_seconds=buffer,
            device_turnover_seconds=wipe,
            needs=needs,
        )

    def check(self, policy: Policy, *, is_staff: bool = False) -> None:
        """Raise NotOffered, with the reason, unless a client may book this online.

        Staff book what is hidden on the site too; nobody books what is no longer offered.
        """
        treatment = self.option.treatment
        if not self.option.is_active or not _may_book(treatment, is_staff=is_staff):
            raise NotOffered(_not_to_be_had(treatment.name, is_staff=is_staff))
        if not self.location.is_active:
            raise NotOffered(_("%(name)s takes no bookings now.") % {"name": self.location.name})
        self._check_add_ons(policy, is_staff=is_staff)

    def _check_add_ons(self, policy: Policy, *, is_staff: bool) -> None:
        if len({add_on.pk for add_on in self.add_ons}) > policy.add_ons_at_most:
            raise NotOffered(
                _("At most %(count)s extras fit into one visit.")
                % {"count": policy.add_ons_at_most}
            )
        for add_on in self.add_ons:
            if not _may_book(add_on, is_staff=is_staff):
                raise NotOffered(_not_to_be_had(add_on.name, is_staff=is_staff))
            if any(other.pk == self.option.treatment_id for other in add_on.not_with.all()):
                raise NotOffered(
                    _("%(treatment)s already includes what %(extra)s does.")
                    % {"treatment": self.option.treatment.name, "extra": add_on.name}
                )
        if self.paid_minutes() > policy.visit_minutes_at_most:
            raise NotOffered(
                _("Together that is %(minutes)s minutes; a visit takes at most %(most)s.")
                % {"minutes": self.paid_minutes(), "most": policy.visit_minutes_at_most}
            )


def _either(settled: int | None, usual: int) -> int:
    return usual if settled is None else settled


def _may_book(offer: Treatment | AddOn, *, is_staff: bool) -> bool:
    if is_staff:
        return offer.visibility != Visibility.RETIRED
    return offer.visibility == Visibility.PUBLIC


def _not_to_be_had(name: str, *, is_staff: bool) -> str:
    words = (
        _("%(name)s is no longer offered.") if is_staff else _("%(name)s cannot be booked online.")
    )
    return words % {"name": name}
