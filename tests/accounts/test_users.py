"""People sign in by e-mail, however they write it, and may do what their roles say."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.urls import reverse

from booking.permissions import Role, codenames, sync_roles, visits_of
from clinic.accounts.models import User
from tests.factories import BookingFactory, ProviderFactory, UserFactory

PASSWORD = "a long way home"


def test_an_address_is_one_person_whatever_its_capitals(db):
    User.objects.create_user("Dana@Lumen.Example", PASSWORD)

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("dana@lumen.example", PASSWORD)
    with pytest.raises(ValidationError, match="already signs in"):
        User(email="DANA@lumen.example", password="x").full_clean()


@pytest.mark.parametrize("typed", ["dana@lumen.example", "DANA@LUMEN.EXAMPLE"])
def test_signing_in_does_not_care_for_capitals(db, typed):
    user = User.objects.create_user("Dana@lumen.example", PASSWORD)

    assert authenticate(username=typed, password=PASSWORD) == user
    assert authenticate(username=typed, password="another") is None


@pytest.mark.parametrize(
    ("full_name", "called"),
    [("Dr. Hannah Vogel", "Hannah"), ("Nora Quill", "Nora"), ("", "dana@lumen.example")],
)
def test_people_are_called_by_their_first_name(full_name, called):
    user = User(email="dana@lumen.example", full_name=full_name)

    assert user.get_short_name() == called


@pytest.mark.parametrize("role", Role)
def test_a_role_grants_what_the_table_says_and_only_that(db, role):
    user = UserFactory(groups=[role.value])
    granted = {f"{app_label}.{codename}" for app_label, codename in codenames(role)}

    assert user.get_all_permissions() == granted


def test_every_permission_of_the_table_exists(db):
    known = set(Permission.objects.values_list("content_type__app_label", "codename"))

    assert set().union(*map(codenames, Role)) <= known


def test_nobody_but_the_medical_lead_approves_texts(db):
    may = {
        role
        for role in Role
        if UserFactory(groups=[role.value]).has_perm("treatments.change_instructionversion")
    }
    assert may == {Role.MEDICAL_LEAD}


def test_no_role_changes_what_was_kept_charged_or_sent(db):
    ledger = ("allocation", "bookingline", "bookingevent", "message", "reading", "skincheck")
    written = {name for role in Role for _, name in codenames(role) if not name.startswith("view")}

    assert {name for name in written if name.endswith(ledger)} == {"change_message"}
    assert "change_price" not in written


def test_the_desk_and_the_admin_send_again_and_whoever_reads_alerts_deals_with_them(db):
    everything = {"change_message", "change_alert", "preview_booking"}
    may = {role: everything & {name for _, name in codenames(role)} for role in Role}

    assert may == {
        Role.CLIENT: set(),
        Role.AESTHETICIAN: set(),
        Role.FRONT_DESK: everything,
        Role.MEDICAL_LEAD: everything - {"change_message"},
        Role.ADMIN: everything,
    }


def test_visits_are_seen_by_the_desk_all_and_by_an_aesthetician_their_own(db):
    ana, desk = UserFactory(groups=[Role.AESTHETICIAN]), UserFactory(groups=[Role.FRONT_DESK])
    own = BookingFactory(provider=ProviderFactory(user=ana))
    other = BookingFactory(provider=ProviderFactory(user=desk))

    assert set(visits_of(ana)) == {own}
    assert set(visits_of(desk)) == {own, other}
    assert not visits_of(UserFactory(groups=[Role.CLIENT]))


def test_migrating_again_puts_back_what_a_role_lacks_and_leaves_what_it_has_more(db):
    desk = Group.objects.get(name=Role.FRONT_DESK)
    lost = desk.permissions.get(codename="view_booking")
    more = Permission.objects.get(codename="view_policyversion")
    desk.permissions.remove(lost)
    desk.permissions.add(more)

    sync_roles()
    sync_roles()

    assert {lost, more} <= set(desk.permissions.all())
    assert Group.objects.count() == len(Role)


def test_a_migrate_makes_the_roles(db):
    Group.objects.all().delete()

    call_command("migrate", verbosity=0)

    assert set(Group.objects.values_list("name", flat=True)) == set(Role)


# The admin's pages of people


@pytest.fixture
def admin_of_the_clinic(client: Browser, db: None) -> Browser:
    client.force_login(UserFactory(is_staff=True, groups=[Role.ADMIN]))
    return client


def test_a_person_is_added_by_e_mail_and_given_a_role(admin_of_the_clinic: Browser):
    added = admin_of_the_clinic.post(
        reverse("admin:accounts_user_add"),
        {
            "email": "sam@lumen.example",
            "full_name": "Sam Whitlock",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
        },
    )
    sam = User.objects.get(email="sam@lumen.example")
    assert added.status_code == 302
    assert authenticate(username="sam@lumen.example", password=PASSWORD) == sam

    desk = Group.objects.get(name=Role.FRONT_DESK)
    admin_of_the_clinic.post(
        reverse("admin:accounts_user_change", args=[sam.pk]),
        {"email": sam.email, "full_name": "Sam", "groups": [desk.pk], "is_active": "on"},
    )
    sam = User.objects.get(pk=sam.pk)
    assert sam.has_perm("booking.view_booking")


def test_the_same_address_in_capitals_is_refused_beside_the_form(admin_of_the_clinic: Browser):
    UserFactory(email="sam@lumen.example")

    refused = admin_of_the_clinic.post(
        reverse("admin:accounts_user_add"),
        {"email": "SAM@lumen.example", "usable_password": "false"},
    )

    assert refused.status_code == 200
    assert "Somebody already signs in with this address." in refused.content.decode()


def test_a_password_is_changed_for_somebody(admin_of_the_clinic: Browser):
    sam = UserFactory(email="sam@lumen.example")

    admin_of_the_clinic.post(
        reverse("admin:auth_user_password_change", args=[sam.pk]),
        {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD},
    )

    assert authenticate(username="sam@lumen.example", password=PASSWORD) == sam


def test_an_admin_makes_nobody_a_superuser_and_touches_none(admin_of_the_clinic: Browser):
    sam = UserFactory(email="sam@lumen.example")
    boss = UserFactory(email="boss@lumen.example", is_superuser=True)
    fields = {"email": sam.email, "is_active": "on", "is_superuser": "on"}

    admin_of_the_clinic.post(reverse("admin:accounts_user_change", args=[sam.pk]), fields)
    sam.refresh_from_db()
    assert not sam.is_superuser
    changed = reverse("admin:accounts_user_change", args=[boss.pk])
    assert admin_of_the_clinic.post(changed, fields).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[boss.pk])
    assert admin_of_the_clinic.get(password).status_code == 403


def test_an_admin_gives_themselves_no_role_and_takes_none(admin_of_the_clinic: Browser):
    admin = User.objects.get(groups__name=Role.ADMIN)
    lead = Group.objects.get(name=Role.MEDICAL_LEAD)
    fields = {"email": admin.email, "full_name": "Sam Whitlock", "groups": [lead.pk]}

    admin_of_the_clinic.post(reverse("admin:accounts_user_change", args=[admin.pk]), fields)

    admin.refresh_from_db()
    assert admin.full_name == "Sam Whitlock"
    assert (admin.is_active, admin.is_staff) == (True, True)
    assert [role.name for role in admin.groups.all()] == [Role.ADMIN]
