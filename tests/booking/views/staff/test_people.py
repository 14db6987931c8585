"""Who works here: profiles, what each gives, roles, and invitations."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Booking, Provider
from booking.permissions import Role
from clinic.accounts.models import Invitation, User
from clinic.trail.models import Entry
from tests.factories import ProviderFactory, UserFactory
from treatments.models import Visibility

PEOPLE = reverse("staff:people")


@pytest.fixture
def admin(at_work: Callable[..., Browser]) -> Browser:
    return at_work(Role.ADMIN, email="sam@lumen.example", full_name="Sam Whitlock")


def profile(provider: Provider, **changed: object) -> dict[str, object]:
    """What the form of `provider` sends, with what was `changed`."""
    return {
        "name": provider.name,
        "title": provider.title,
        "bio": provider.bio,
        "lane": provider.lane,
        "user": provider.user_id or "",
        "treatments": [each.pk for each in provider.treatments.all()] if provider.pk else [],
        "add_ons": [each.pk for each in provider.add_ons.all()] if provider.pk else [],
    } | changed


def person(provider: Provider) -> str:
    return reverse("staff:person", args=[provider.slug])


def test_the_page_costs_the_same_for_one_person_and_for_ten(
    admin: Browser, django_assert_max_num_queries
) -> None:
    for number in range(10):
        ProviderFactory(name=f"Person {number}", user=UserFactory(is_staff=True))

    with django_assert_max_num_queries(14):
        page = admin.get(PEOPLE).content.decode()

    assert all(f"Person {number}" in page for number in range(10))


def test_a_new_aesthetician_is_added_with_what_they_give(admin: Browser, scene) -> None:
    sent = profile(Provider(name="Noor Haddad", title="Senior"), treatments=[scene.treatment.pk])

    admin.post(reverse("staff:new_person"), sent)

    noor = Provider.objects.get(slug="noor-haddad")
    assert list(noor.treatments.all()) == [scene.treatment]
    assert "Hours come next" in admin.get(PEOPLE).content.decode()
    assert Entry.objects.get(what="provider.added").subject == f"provider:{noor.pk}"


def test_two_people_of_one_name_cannot_be_told_apart(admin: Browser) -> None:
    ProviderFactory(name="Noor Haddad")

    answer = admin.post(reverse("staff:new_person"), profile(Provider(name="noor  haddad")))

    assert answer.status_code == 422
    assert "Somebody of this name is here already." in answer.content.decode()


def test_what_clients_read_of_somebody_promises_nothing(admin: Browser, scene) -> None:
    sent = profile(scene.provider, title="Anti-aging expert", bio="Ana’s care is painless.")

    answer = admin.post(person(scene.provider), sent)

    assert answer.status_code == 422
    assert {
        field: [said[:28] for said in saids]
        for field, saids in answer.context["form"].errors.items()
    } == {
        "title": ["We do not write “Anti-aging”"],
        "bio": ["We do not write “painless”. "],
    }
    assert "Instead: “Most people feel a light tingle" in answer.content.decode()


def test_a_profile_says_of_each_field_what_is_missing(admin: Browser) -> None:
    answer = admin.post(reverse("staff:new_person"), {})

    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "name": ["Enter the name."],
        "lane": ["Choose a color for the calendar."],
    }


def test_a_name_without_letters_is_none(admin: Browser) -> None:
    answer = admin.post(reverse("staff:new_person"), profile(Provider(name="007")))

    assert answer.status_code == 422
    assert answer.context["form"].errors == {"name": ["Enter the name."]}


def test_what_is_no_row_of_ours_is_no_choice(admin: Browser, scene) -> None:
    endless = "9" * 20
    for sent in ({"treatments": [endless]}, {"add_ons": [endless]}):
        assert (
            admin.post(person(scene.provider), profile(scene.provider, **sent)).status_code == 422
        )
    dana = UserFactory(groups=[Role.FRONT_DESK], is_staff=True)

    answer = admin.post(reverse("staff:account", args=[dana.pk]), {"roles": [endless]})

    assert answer.status_code == 422


def test_prices_of_their_own_are_a_list_of_their_name(admin: Browser, scene) -> None:
    admin.post(person(scene.provider), profile(scene.provider, has_own_prices="on"))

    scene.provider.refresh_from_db()
    assert scene.provider.price_list.name == scene.provider.name


def test_visits_that_need_what_was_unticked_are_listed_before_anything_is_saved(
    admin: Browser, booking: Booking, scene
) -> None:
    answer = admin.post(person(scene.provider), profile(scene.provider, treatments=[]))

    assert answer.status_code == 409
    assert booking.client.name in answer.content.decode()
    assert scene.provider.treatments.count() == 1

    admin.post(person(scene.provider), profile(scene.provider, treatments=[], despite="1"))

    assert scene.provider.treatments.count() == 0
    booking.refresh_from_db()
    assert booking.provider == scene.provider


def test_what_is_retired_stays_with_who_gave_it(admin: Browser, scene) -> None:
    scene.treatment.visibility = Visibility.RETIRED
    scene.treatment.save()

    admin.post(person(scene.provider), profile(scene.provider, treatments=[], title="Lead"))

    assert list(scene.provider.treatments.all()) == [scene.treatment]


def test_an_invitation_is_mailed_and_can_be_taken_back(admin: Browser) -> None:
    desk = Group.objects.get(name=Role.FRONT_DESK)

    admin.post(PEOPLE, {"email": "New@Lumen.example", "role": desk.pk})

    invitation = Invitation.objects.get(email="new@lumen.example")
    assert [letter.to for letter in mail.outbox] == [["new@lumen.example"]]
    admin.post(reverse("staff:uninvite", args=[invitation.pk]))
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None


def test_nobody_is_invited_as_a_client(admin: Browser) -> None:
    client, _ = Group.objects.get_or_create(name=Role.CLIENT)

    answer = admin.post(PEOPLE, {"email": "new@lumen.example", "role": client.pk})

    assert answer.status_code == 422
    assert not Invitation.objects.exists()


def test_nobody_invites_themselves_to_another_role(admin: Browser) -> None:
    lead = Group.objects.get(name=Role.MEDICAL_LEAD)

    answer = admin.post(PEOPLE, {"email": "SAM@lumen.example", "role": lead.pk})

    assert answer.status_code == 422
    assert "Your own roles are changed by a colleague." in answer.content.decode()
    assert not Invitation.objects.exists()


def change_roles(browser: Browser, user: User, *roles: str, may_sign_in: bool = True) -> str:
    """Send the form of roles; return the page that answers."""
    sent: dict[str, object] = {
        "roles": list(Group.objects.filter(name__in=roles).values_list("pk", flat=True))
    }
    if may_sign_in:
        sent["may_sign_in"] = "on"
    return browser.post(reverse("staff:account", args=[user.pk]), sent).content.decode()


def test_roles_are_given_and_taken(admin: Browser) -> None:
    dana = UserFactory(groups=[Role.FRONT_DESK], is_staff=True)

    change_roles(admin, dana, Role.AESTHETICIAN, Role.ADMIN)

    assert set(dana.groups.values_list("name", flat=True)) == {Role.AESTHETICIAN, Role.ADMIN}
    entry = Entry.objects.get(what="account.roles")
    assert entry.facts["before"] == [Role.FRONT_DESK]


def test_who_may_not_sign_in_any_more_is_out_at_once(
    admin: Browser, at_work: Callable[..., Browser]
) -> None:
    browser = at_work(Role.FRONT_DESK, email="dana@lumen.example")
    dana = User.objects.get(email="dana@lumen.example")

    change_roles(admin, dana, Role.FRONT_DESK, may_sign_in=False)

    assert browser.get(reverse("staff:alerts")).status_code == 302


def test_nobody_changes_their_own_roles(admin: Browser) -> None:
    sam = User.objects.get(email="sam@lumen.example")

    assert "by a colleague" in change_roles(admin, sam, Role.MEDICAL_LEAD, Role.ADMIN)

    assert list(sam.groups.values_list("name", flat=True)) == [Role.ADMIN]


def test_somebody_is_always_left_to_run_the_clinic(at_work: Callable[..., Browser]) -> None:
    root = at_work(email="root@lumen.example", is_superuser=True)
    last = UserFactory(groups=[Role.ADMIN], is_staff=True)

    assert "Nobody would be left" in change_roles(root, last, Role.FRONT_DESK)

    assert last.groups.filter(name=Role.ADMIN).exists()


def test_an_admin_does_not_change_who_runs_the_system(admin: Browser) -> None:
    root = UserFactory(is_staff=True, is_superuser=True)

    assert "runs the whole system" in change_roles(admin, root, Role.FRONT_DESK)

    root.refresh_from_db()
    assert root.is_superuser


def test_who_may_not_sign_in_can_still_be_booked_and_the_page_leads_to_leaving(
    admin: Browser, scene
) -> None:
    user = UserFactory(is_staff=True)
    page = reverse("staff:account", args=[user.pk])
    assert "can still be booked" not in admin.get(page).content.decode()
    scene.provider.user = user
    scene.provider.save()

    said = admin.get(page).content.decode()

    assert "Their visits stay theirs, and they can still be booked." in said
    assert f"{reverse('staff:propose', args=['leaving'])}?resource={scene.provider.pk}" in said
