from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from clinic.places.models import Location
from clinic.places.policies import DEAREST, Policy, policy_for
from clinic.web import clock
from clinic.web.money import money, rounded
from treatments.models.catalogue import AddOn, Option


class PriceList(models.Model):
    """The prices of one provider, where they differ from the clinic's.

    Treatments do not know who gives them: a provider points here (decision 0003).
    """

    name = models.CharField(_("name"), max_length=120, unique=True)

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PriceChange(models.Model):
    """Prices that are published together, from one day on, for one reason.

    A draft is typed and previewed by its author; publishing writes all its prices at once. Before
    it starts it can be undone: what was promised meanwhile stays promised. `edits` are of
    `treatments.cells.Edit`.
    """

    effective_from = models.DateField(_("for visits from"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    edits = models.JSONField(default=list, blank=True)  # of a draft; published, they are prices
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("begun"))
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("price change")
        verbose_name_plural = _("price changes")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["made_by"],
                name="one_price_draft_per_author",
                condition=Q(published_at=None, undone_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.reason or f"{self.made_at:%Y-%m-%d}"


class Price(models.Model):
    """What an option or add-on costs from one day on. Added, never changed.

    `effective_from` is a date of the visit, by the location's calendar; a row counts for what is
    priced at or after `published_at`, and before `withdrawn_at` where it was undone. One without an
    amount ends those before it: from its day on the price is inherited from what is wider.
    """

    option = models.ForeignKey(Option, models.PROTECT, null=True, blank=True, related_name="prices")
    add_on = models.ForeignKey(AddOn, models.PROTECT, null=True, blank=True, related_name="prices")
    price_list = models.ForeignKey(
        PriceList,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="prices",
        help_text=_("Empty: whoever gives it."),
    )
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: wherever it is given."),
    )
    amount = models.DecimalField(
        _("amount"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Empty: inherited from what is wider."),
    )
    effective_from = models.DateField(_("for visits from"))
    published_at = models.DateTimeField(_("published"), default=clock.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    change = models.ForeignKey(
        PriceChange, models.PROTECT, null=True, blank=True, editable=False, related_name="prices"
    )
    withdrawn_at = models.DateTimeField(_("undone"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["-effective_from", "-published_at"]
        indexes = [
            models.Index(fields=["option", "effective_from"]),
            models.Index(fields=["add_on", "effective_from"]),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_price_is_for_an_option_or_an_add_on",
                condition=Q(option__isnull=False, add_on=None)
                | Q(option=None, add_on__isnull=False),
                violation_error_message=_("A price is for an option or for an add-on."),
            ),
            models.CheckConstraint(name="a_price_is_not_negative", condition=Q(amount__gte=0)),
            models.CheckConstraint(
                name="a_base_price_has_an_amount",
                condition=Q(amount__isnull=False)
                | Q(price_list__isnull=False)
                | Q(location__isnull=False),
                violation_error_message=_("A base price has nothing to inherit from."),
            ),
        ]

    def __str__(self) -> str:
        says = _now("inherited") if self.amount is None else money(self.amount)
        return f"{self.option or self.add_on}: {says}"

    @property
    def rule(self) -> str:
        """Whose and where, as the handbook orders them: "provider", "place", "base"."""
        if self.price_list_id and self.location_id:
            return _now("provider and place")
        if self.price_list_id:
            return _now("provider")
        return _now("place") if self.location_id else _now("base")

    def clean(self) -> None:
        if self.amount is None:
            return
        offer = self.option or self.add_on
        policy = policy_for(self.location, now=clock.now())
        if offer and (wrong := wrong_amount(self.amount, offer=offer, policy=policy)):
            raise ValidationError({"amount": wrong})


def wrong_amount(amount: Decimal, *, offer: Option | AddOn, policy: Policy) -> str:
    """Return why `offer` cannot cost `amount` under `policy`, in a sentence; "" where it can.

    Treatments cost what the band allows; only the consultation may be free.
    """
    if amount != rounded(amount):
        return _now("There is no such coin.")
    if amount < 0:
        return _now("A price is not below zero.")
    if amount > DEAREST:
        return _now("That is more than anything here costs.")
    if isinstance(offer, AddOn):
        return "" if amount else _now("Only the consultation is free.")
    if offer.treatment.is_consultation and amount == 0:
        return ""
    if not policy.price_at_least <= amount <= policy.price_at_most:
        return _out_of_band(amount, policy)
    return ""


def _out_of_band(amount: Decimal, policy: Policy) -> str:
    return _now(
        "%(amount)s is outside the price band, %(low)s to %(high)s. The band is one of the "
        "policies: whoever widens it says why."
    ) % {
        "amount": money(amount),
        "low": money(policy.price_at_least),
        "high": money(policy.price_at_most),
    }
