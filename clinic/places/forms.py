"""The rules of the clinic as a form: a field for each, of its own kind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.places.models import PolicyVersion
from clinic.places.policies import DEAREST, bounds
from clinic.places.rules import GROUPS, Group, Rule, rules
from clinic.places.selectors import Standing

_WRONG = ("invalid", "min_value", "max_value", "max_decimal_places", "max_whole_digits")
LONGEST_REASON = PolicyVersion._meta.get_field("reason").max_length


class PolicyForm(forms.Form):
    """What the clinic, or one place, decides; a field left empty decides nothing.

    `otherwise` is what holds where nothing is decided here, by rule.
    """

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=LONGEST_REASON,
        required=False,
        help_text=gettext_lazy("For whoever asks in a year. It stays in the history."),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(
        self,
        data: Any = None,
        *,
        otherwise: dict[str, Standing],
        said: dict[str, str],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.said = said
        for rule in rules():
            field = _field(rule, otherwise[rule.name])
            field.label, field.help_text, field.required = str(rule.label), str(rule.says), False
            self.fields[rule.name] = field

    def groups(self) -> list[tuple[Group, list[tuple[forms.BoundField, str]]]]:
        """Return the fields by group, each with the sentence that clients read, if there is one."""
        return [
            (group, [(self[rule.name], self.said.get(rule.name, "")) for rule in group.rules])
            for group in GROUPS
        ]

    def values(self) -> dict[str, Any]:
        """Return what was typed, by rule; None for what is left empty."""
        typed = {rule.name: self.cleaned_data.get(rule.name) for rule in rules()}
        return {name: None if value == "" else value for name, value in typed.items()}


def _field(rule: Rule, otherwise: Standing) -> forms.Field:
    empty = _left_empty(rule, otherwise)
    if rule.kind is bool:
        return forms.TypedChoiceField(
            choices=[("", empty), ("True", _("yes")), ("False", _("no"))],
            coerce=lambda typed: typed == "True",
            empty_value=None,
        )
    if rule.kind is Decimal:
        said = _("Enter an amount from $0 to $%(most)s, with cents at most.") % {"most": DEAREST}
        return forms.DecimalField(
            min_value=0,
            max_value=DEAREST,
            decimal_places=2,
            error_messages=dict.fromkeys(_WRONG, said),
            widget=forms.NumberInput(attrs={"placeholder": empty, "inputmode": "decimal"}),
        )
    least, most = bounds(rule.name)
    if rule.is_hour:
        limits = {"least": rule.written(least), "most": rule.written(most)}
        said = _("Nobody may be written to before %(least)s or after %(most)s.") % limits
        return forms.TypedChoiceField(
            choices=[("", empty), *((hour, rule.written(hour)) for hour in range(least, most + 1))],
            coerce=int,
            empty_value=None,
            error_messages={"invalid_choice": said},
        )
    said = _("Enter a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
    return forms.IntegerField(
        min_value=least,
        max_value=most,
        error_messages=dict.fromkeys(_WRONG, said),
        widget=forms.NumberInput(attrs={"placeholder": empty, "inputmode": "numeric"}),
    )


def _left_empty(rule: Rule, otherwise: Standing) -> str:
    """What holds where the field is left empty: "24 hours, as the clinic has it"."""
    value = rule.written(otherwise.value)
    if otherwise.source == "clinic":
        return _("%(value)s, as the clinic has it") % {"value": value}
    return _("%(value)s, as the handbook has it") % {"value": value}
