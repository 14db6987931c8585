"""What people may do, changed by several at one instant."""

from functools import partial

import pytest

from booking.permissions import Role
from booking.services.people import set_roles
from clinic.accounts.models import User
from tests.booking.scenes import NOW
from tests.concurrency.racing import errors, laps, race
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("round_", range(laps(2, 4)))
def test_two_admins_who_take_each_others_role_away_leave_one(round_: int):
    sam, ana = UserFactory.create_batch(2, groups=[Role.ADMIN])
    take = partial(set_roles, roles=[], may_sign_in=True, now=NOW)

    outcomes = race([partial(take, user=ana, by=sam), partial(take, user=sam, by=ana)])

    assert errors(outcomes) == {"won": 1, "NotNow": 1}
    assert User.objects.filter(groups__name=Role.ADMIN).count() == 1
