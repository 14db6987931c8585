"""Who works here: their profile, what they give, and what they may do."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from booking.models import Provider
from clinic.accounts.models import CLIENTS, User
from clinic.accounts.services import refuse_own
from clinic.web.fields import NameField, RowsField
from treatments.models import AddOn, Treatment, Visibility

LANES = [(1, _("petrol")), (2, _("copper")), (3, _("plum")), (4, _("olive"))]


class ProviderForm(forms.ModelForm):
    """An aesthetician as clients and colleagues see them, and what they are trained to give."""

    has_own_prices = forms.BooleanField(
        label=_("Has prices of their own"),
        required=False,
        help_text=_("A column of their own on the price desk; where it is empty, ours count."),
    )

    class Meta:
        model = Provider
        fields = ("name", "title", "bio", "lane", "user", "treatments", "add_ons")
        field_classes: ClassVar[dict[str, type[forms.Field]]] = {
            "name": NameField,
            "treatments": RowsField,
            "add_ons": RowsField,
        }
        labels = {
            "user": _("Signs in as"),
            "treatments": _("Gives these treatments"),
            "add_ons": _("Gives these extras"),
            "lane": _("Color in the calendar"),
        }
        help_texts = {
            "user": _("Without one they have no page of their own and get no letters."),
        }
        widgets = {
            "bio": forms.Textarea(attrs={"rows": 4}),
            "lane": forms.Select(choices=LANES),
            "treatments": forms.CheckboxSelectMultiple,
            "add_ons": forms.CheckboxSelectMultiple,
        }
        error_messages: ClassVar[dict[str, dict[str, Any]]] = {
            "name": {"required": _("Enter the name.")},
            "lane": dict.fromkeys(("required", "invalid"), _("Choose a color for the calendar.")),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = _free_accounts(self.instance)  # type: ignore[attr-defined]
        self.fields["user"].empty_label = _("Nobody yet")  # type: ignore[attr-defined]
        for name, offers in (("treatments", Treatment.objects), ("add_ons", AddOn.objects)):
            still = offers.exclude(visibility=Visibility.RETIRED)
            self.fields[name].queryset = still.order_by("position", "code")  # type: ignore[attr-defined]
        own = self.fields["has_own_prices"]
        own.initial = self.instance.price_list_id is not None
        if own.initial:
            own.disabled = True
            own.help_text = _("They have a column on the price desk.")

    def clean_name(self) -> str:
        """Return the name; two people of one name cannot be told apart."""
        name = " ".join(self.cleaned_data["name"].split())
        if Provider.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Somebody of this name is here already."))
        return name


class InviteForm(forms.Form):
    """Whom to ask to join, and as what."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages={
            "required": _("Enter the e-mail address."),
            "invalid": _("Enter an e-mail address with an @ sign, such as maya@example.com."),
        },
    )
    role = forms.ModelChoiceField(
        label=_("Role"),
        queryset=Group.objects.none(),
        empty_label=_("Choose a role"),
        error_messages={"required": _("Choose a role.")},
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].validators.append(partial(refuse_own, user=by))
        self.fields["role"].queryset = staff_roles()  # type: ignore[attr-defined]


class RolesForm(forms.Form):
    """What somebody may do here, and whether they may sign in at all."""

    roles = RowsField(
        label=_("Roles"),
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    may_sign_in = forms.BooleanField(
        label=_("May sign in"),
        required=False,
        help_text=_("Taken away, they are signed out everywhere at once."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].queryset = staff_roles()  # type: ignore[attr-defined]


def staff_roles() -> QuerySet[Group]:
    """Return the roles of those who work here."""
    return Group.objects.exclude(name=CLIENTS).order_by("name")


def _free_accounts(provider: Provider) -> QuerySet[User]:
    """Whose account could be this provider's: staff without another profile."""
    working = Q(is_staff=True) & ~Q(groups__name=CLIENTS)
    return (
        User.objects.filter(working, is_active=True)
        .filter(Q(provider=None) | Q(provider=provider.pk))
        .order_by("full_name", "email")
        .distinct()
    )
