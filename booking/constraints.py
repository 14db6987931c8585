"""`NoOverlap`: rows that share a partition never overlap in time, whatever writes them.

An exclusion constraint on PostgreSQL, triggers on SQLite. As a constraint of the model it is
written by makemigrations and kept when SQLite remakes the table, which triggers added by raw SQL
are not (decision 0002).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models import BaseConstraint, F, Func, Value

DIGITS = "[0-9]"
# How Django writes an instant into SQLite; anything else would be compared as text and slip past.
SPELLING = (
    "-".join((DIGITS * 4, DIGITS * 2, DIGITS * 2)) + " " + ":".join([DIGITS * 2] * 3)
)


class Epoch(Func):
    """An instant as whole seconds since 1970, which thousands of rows are read faster as."""

    arity = 1
    output_field = models.BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)"
        return super().as_sql(compiler, connection, template=template, **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "EXTRACT(EPOCH FROM %(expressions)s)::bigint"
        return super().as_sql(compiler, connection, template=template, **extra)


class NoOverlap(BaseConstraint):
    """No two rows with equal `partition_by` overlap in [`start`, `end`).

    `longest` is the longest a row may last; it bounds the look-up on SQLite, so that an insert
    costs the same however long the past is. A check constraint beside this one keeps the promise.
    """

    violation_error_code = "overlap"

    def __init__(
        self,
        *,
        name: str,
        start: str,
        end: str,
        partition_by: Iterable[str],
        longest: timedelta,
        violation_error_code: str | None = None,
        violation_error_message: str | None = None,
    ) -> None:
        self.start, self.end, self.longest = start, end, longest
        self.partition_by = tuple(partition_by)
        super().__init__(
            name=name,
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )

    def constraint_sql(self, model: type[models.Model], schema_editor: Any) -> Any:
        """SQLite asks for this at each creation and each remake of the table."""
        if schema_editor.connection.vendor == "postgresql":
            return self._exclusion().constraint_sql(model, schema_editor)
        schema_editor.deferred_sql.extend(self._triggers(model, schema_editor))
        return None

    def create_sql(self, model: type[models.Model], schema_editor: Any) -> Any:
        """Only PostgreSQL adds a constraint to a table that stands."""
        return self._exclusion().create_sql(model, schema_editor)

    def remove_sql(self, model: type[models.Model], schema_editor: Any) -> Any:
        """Only PostgreSQL takes one away without a remake."""
        return self._exclusion().remove_sql(model, schema_editor)

    def _exclusion(self) -> BaseConstraint:
        from django.contrib.postgres.constraints import ExclusionConstraint
        from django.contrib.postgres.fields import DateTimeRangeField

        span = Func(
            F(self.start),
            F(self.end),
            Value("[)"),
            function="tstzrange",
            output_field=DateTimeRangeField(),
        )
        same: list[tuple[Any, str]] = [(field, "=") for field in self.partition_by]
        return ExclusionConstraint(name=self.name, expressions=[*same, (span, "&&")])

    def _triggers(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Iterator[Statement]:
        quote = schema_editor.quote_name

        def column(field: str) -> str:
            return quote(model._meta.get_field(field).column)  # type: ignore[union-attr]

        start, end, key = (
            column(self.start),
            column(self.end),
            column(model._meta.pk.name),
        )
        seconds = int(self.longest.total_seconds())
        same = " AND ".join(
            f"{column(field)} = NEW.{column(field)}" for field in self.partition_by
        )
        overlap = (
            f"EXISTS (SELECT 1 FROM %(table)s WHERE {same} AND {key} <> NEW.{key} "
            f"AND {start} > datetime(NEW.{start}, '-{seconds} seconds') "
            f"AND {start} < NEW.{end} AND {end} > NEW.{start})"
        )
        misspelt = " OR ".join(
            f"NEW.{name} NOT GLOB '{SPELLING}*' OR substr(NEW.{name}, 20) GLOB '*[^.0-9]*'"
            for name in (start, end)
        )
        for event in ("INSERT", "UPDATE"):
            yield Statement(
                f"CREATE TRIGGER %(trigger)s AFTER {event} ON %(table)s FOR EACH ROW "
                f"WHEN {misspelt} OR {overlap} "
                f"BEGIN SELECT RAISE(ABORT, 'constraint failed: {self.name}'); END",
                trigger=quote(f"{self.name}_{event.lower()}"),
                table=Table(model._meta.db_table, quote),
            )

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: Any = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Raise ValidationError if `instance` would overlap a stored row."""
        if exclude and {self.start, self.end, *self.partition_by} & set(exclude):
            return
        start, end = getattr(instance, self.start), getattr(instance, self.end)
        same = {
            field: getattr(instance, model._meta.get_field(field).attname)  # type: ignore[union-attr]
            for field in self.partition_by
        }
        if None in (start, end, *same.values()):
            return
        rows = model._default_manager.using(using).filter(
            **same,
            **{
                f"{self.start}__lt": end,
                f"{self.start}__gt": start - self.longest,
                f"{self.end}__gt": start,
            },
        )
        if instance.pk is not None:
            rows = rows.exclude(pk=instance.pk)
        if rows.exists():
            raise ValidationError(
                self.get_violation_error_message(), code=self.violation_error_code
            )

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs |= {
            "start": self.start,
            "end": self.end,
            "partition_by": self.partition_by,
            "longest": self.longest,
        }
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NoOverlap):
            return self.deconstruct() == other.deconstruct()
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.start, self.end, self.partition_by, self.longest))
