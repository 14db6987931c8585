"""What one person sees of the price desk, read once for whatever is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, cast

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from clinic.accounts.models import User
from clinic.web import clock
from treatments.cells import Cell, Edit
from treatments.forms.prices import BulkForm, FilterForm, StartForm
from treatments.models import PriceChange
from treatments.registry import diary
from treatments.selectors import drafts, matrix
from treatments.selectors.rules import PriceRules, first_start, price_rules, today_at

SETS_PRICES = ("treatments.add_pricechange",)


@dataclass
class Desk:
    """What one person sees of the price desk."""

    user: User
    asked: dict[str, Any]
    query: str
    now: datetime

    @classmethod
    def of(cls, request: HttpRequest) -> Desk:
        """Return the desk as `request` asks for it."""
        asked = FilterForm(request.GET).asked()
        kept = {name: request.GET[name] for name in ("place", "whose", "kind") if asked[name]}
        query = QueryDict(mutable=True)
        query.update(kept)
        return cls(cast(User, request.user), asked, query.urlencode(), clock.now())

    @cached_property
    def house(self) -> matrix.House:
        return matrix.house(diary().gives(), diary().works())

    @cached_property
    def today(self) -> date:
        """The date where the day is youngest."""
        days = (today_at(place, self.now) for place in self.house.places)
        return min(days, default=self.now.date())

    @cached_property
    def rules(self) -> PriceRules:
        return price_rules(today=self.today, now=self.now)

    @cached_property
    def draft(self) -> PriceChange | None:
        return drafts.draft_of(self.user)

    @cached_property
    def edits(self) -> dict[Cell, Edit]:
        return drafts.edits_of(self.draft)

    @cached_property
    def preview(self) -> drafts.Preview:
        starts_on = self.draft.effective_from if self.draft else None
        return drafts.preview(self.house, self.edits, self.rules, starts_on=starts_on, now=self.now)

    @cached_property
    def columns(self) -> list[matrix.Column]:
        return matrix.columns(
            self.house,
            location=self.asked["place"],
            price_list=self.asked["whose"],
            now=self.now,
        )

    def lines(self, typed: Mapping[Cell, tuple[str, str]]) -> list[matrix.Line]:
        """Return the rows of the table; `typed` are the texts that are no prices."""
        return matrix.lines(
            self.house,
            self.columns,
            self.rules,
            edits=self.edits,
            conflicts={each.edit.cell for each in self.preview.conflicts},
            typed=typed,
            kind=self.asked["kind"],
        )

    def forget(self) -> None:
        """Read the draft anew: it was written."""
        for name in ("draft", "edits", "preview"):
            self.__dict__.pop(name, None)

    @property
    def url(self) -> str:
        """Where this part of the table is."""
        return f"{reverse('prices:index')}?{self.query}".rstrip("?")

    def start_form(self, data: QueryDict | None = None, *, is_draft: bool = False) -> StartForm:
        """Return the form that says from when and why."""
        first_on = first_start(self.edits, self.house.places, self.now)
        initial = {}
        if data is None:
            reason = self.draft.reason if self.draft else ""
            initial = {"effective_from": self.preview.starts_on, "reason": reason}
        return StartForm(data, first_on=first_on, is_draft=is_draft, initial=initial)

    def bulk_form(self, data: QueryDict | None = None) -> BulkForm:
        """Return the form that changes many of the prices shown."""
        shown = self.asked["kind"]
        offers = [
            (offered.key, offered.says)
            for offered in self.house.offered
            if not shown or (shown == "add_ons") != offered.is_option
        ]
        columns = [(column.key, column.says) for column in self.columns]
        return BulkForm(data, offers=offers, columns=columns)
