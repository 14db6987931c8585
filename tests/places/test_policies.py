"""The rules of the clinic: typed, in versions, a location's above the clinic's."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from clinic.places.models import PolicyVersion
from clinic.places.policies import DEFAULTS, Policy, merged, policy_for, validate_values
from tests.factories import LONG_AGO, MONDAY_9AM, LocationFactory, PolicyVersionFactory

NOW = MONDAY_9AM


def test_with_nothing_decided_the_handbook_holds(db):
    assert policy_for(None, now=NOW) == Policy()
    assert policy_for(LocationFactory(), now=NOW) == Policy()


def test_the_latest_version_of_each_rule_counts(db):
    PolicyVersionFactory(values={"hold_minutes": 5, "horizon_days": 30})
    PolicyVersionFactory(values={"hold_minutes": 7}, published_at=LONG_AGO + timedelta(days=1))

    policy = policy_for(None, now=NOW)

    assert (policy.hold_minutes, policy.horizon_days) == (7, 30)


def test_of_two_published_in_one_instant_the_later_row_counts(db):
    PolicyVersionFactory(values={"hold_minutes": 5})
    PolicyVersionFactory(values={"hold_minutes": 7})

    assert policy_for(None, now=NOW).hold_minutes == 7


def test_a_version_counts_from_the_instant_it_is_published(db):
    PolicyVersionFactory(values={"hold_minutes": 5}, published_at=NOW)

    assert policy_for(None, now=NOW - timedelta(seconds=1)).hold_minutes == 10
    assert policy_for(None, now=NOW).hold_minutes == 5


def test_a_location_decides_over_the_clinic_even_when_the_clinic_decides_later(db):
    alder, harbor = LocationFactory.create_batch(2)
    PolicyVersionFactory(location=alder, values={"notice_hours_new": 48})
    PolicyVersionFactory(
        values={"notice_hours_new": 36, "notice_hours_known": 6},
        published_at=LONG_AGO + timedelta(days=1),
    )

    assert policy_for(alder, now=NOW).notice(is_known=False) == timedelta(hours=48)
    assert policy_for(alder, now=NOW).notice(is_known=True) == timedelta(hours=6)
    assert policy_for(harbor, now=NOW).notice(is_known=False) == timedelta(hours=36)
    assert policy_for(None, now=NOW).notice(is_known=False) == timedelta(hours=36)


def test_a_place_that_decides_no_longer_follows_the_clinic_again(db):
    alder = LocationFactory()
    PolicyVersionFactory(values={"hold_minutes": 5})
    PolicyVersionFactory(location=alder, values={"hold_minutes": 7, "horizon_days": 30})
    PolicyVersionFactory(location=alder, values={"hold_minutes": None})

    assert policy_for(alder, now=NOW).hold_minutes == 5
    assert policy_for(alder, now=NOW).horizon_days == 30

    PolicyVersionFactory(values={"hold_minutes": None})
    assert policy_for(alder, now=NOW).hold_minutes == 10


def test_the_rules_of_a_place_are_read_in_one_query(db, django_assert_num_queries):
    alder = LocationFactory()
    PolicyVersionFactory.create_batch(5, values={"hold_minutes": 5})
    PolicyVersionFactory.create_batch(5, location=alder, values={"hold_minutes": 6})

    with django_assert_num_queries(1):
        assert policy_for(alder, now=NOW).hold_minutes == 6


def test_every_rule_takes_its_own_default_back_from_the_database(db):
    stored = {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in DEFAULTS.items()
    }
    PolicyVersionFactory(values=stored)

    assert policy_for(None, now=NOW) == Policy()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"hold": 5}, "There is no rule named hold."),
        ({"hold_minutes": "5"}, "hold_minutes is a whole number."),
        ({"hold_minutes": 5.5}, "hold_minutes is a whole number."),
        ({"hold_minutes": True}, "hold_minutes is a whole number."),
        ({"hold": None}, "There is no rule named hold."),
        ({"hold_minutes": -1}, "hold_minutes is a whole number."),
        ({"hold_minutes": 0}, "hold_minutes is a whole number."),
        ({"late_fee_percent": 101}, "late_fee_percent is at most 100."),
        ({"hold_minutes": 10**9}, "hold_minutes is at most 240."),
        ({"device_wipe_minutes": 720}, "device_wipe_minutes is at most 240."),
        ({"treating_minutes_in_a_row": 10**9}, "treating_minutes_in_a_row is at most 720."),
        ({"notice_hours_new": 10**9}, "notice_hours_new is at most 8760."),
        ({"horizon_days": 10**9}, "horizon_days is at most 730."),
        ({"buffer_minutes_at_least": 61}, "buffer_minutes_at_least is at most 60."),
        ({"messages_from_hour": 7}, "messages_from_hour is at least 8."),
        ({"messages_until_hour": 22}, "messages_until_hour is at most 21."),
        (
            {"messages_from_hour": 12, "messages_until_hour": 12},
            "The hours in which messages go end before they begin.",
        ),
        ({"hold_extensions": 10**9}, "hold_extensions is at most 100."),
        ({"price_at_most": "1e30"}, "price_at_most is an amount of money."),
        ({"price_at_most": "a lot"}, "price_at_most is an amount of money."),
        ({"price_at_most": "NaN"}, "price_at_most is an amount of money."),
        ({"price_at_most": "-1"}, "price_at_most is an amount of money."),
        ({"price_at_most": 90}, "The price band ends below its beginning."),
        (
            {"late_keep_minutes": 20},
            "Who is late would lose the session before it is shortened.",
        ),
        ([5], "A policy is a list of names and values."),
        ("five", "A policy is a list of names and values."),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_a_sentence(values, sentence):
    with pytest.raises(ValidationError) as refusal:
        validate_values(values)
    assert refusal.value.messages == [sentence]


def test_no_notice_and_no_fee_are_sensible_rules():
    policy = merged([{"notice_hours_known": 0, "late_fee_percent": 0, "hold_extensions": 0}])

    assert policy.notice(is_known=True) == timedelta(0)
    assert policy.late_fee_percent == 0


def test_amounts_of_money_are_exact():
    assert merged([{"price_at_most": "249.90"}]).price_at_most == Decimal("249.90")
    assert merged([{"price_at_most": 249.9}]).price_at_most == Decimal("249.9")


def version(**fields: object) -> PolicyVersion:
    return PolicyVersion(reason="Because", published_at=NOW, **fields)


def test_a_location_cannot_contradict_the_clinic(db):
    PolicyVersionFactory(values={"price_at_least": 160})

    with pytest.raises(ValidationError, match="ends below its beginning"):
        version(location=LocationFactory(), values={"price_at_most": 150}).full_clean()


def test_the_clinic_cannot_contradict_a_location(db):
    harbor = LocationFactory(name="Harbor Row")
    PolicyVersionFactory(location=harbor, values={"price_at_most": 150})

    with pytest.raises(ValidationError, match=r"At Harbor Row: .* ends below its beginning"):
        version(values={"price_at_least": 160}).full_clean()
    version(values={"price_at_least": 150}).full_clean()


def test_a_value_of_the_wrong_kind_is_said_beside_its_field_and_once(db):
    with pytest.raises(ValidationError) as refusal:
        version(values=[1]).full_clean()
    assert refusal.value.message_dict == {"values": ["A policy is a list of names and values."]}
