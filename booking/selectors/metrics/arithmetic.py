"""Seconds and days as whole numbers, which both databases count alike."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.db.models import BigIntegerField, Expression, ExpressionWrapper, Value


def divided(seconds: Expression, by: int) -> Expression:
    """Whole units of `by` seconds; both databases divide whole numbers so."""
    return ExpressionWrapper(seconds / number(by), output_field=BigIntegerField())


def number(value: int) -> Value:
    """A whole number, to the database."""
    return Value(value, output_field=BigIntegerField())


def date_of(day: int) -> date:
    """The day that is so many after January 1, 1970."""
    return date(1970, 1, 1) + timedelta(days=day)


def instant_of(second: int) -> datetime:
    """The instant so many seconds after 1970 began, in UTC."""
    return datetime.fromtimestamp(second, UTC)
