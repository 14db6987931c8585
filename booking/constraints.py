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

TRIGGER = (
    "CREATE TRIGGER %(trigger)s AFTER %(event)s ON %(table)s FOR EACH ROW "
    "WHEN %(misspelt)s OR EXISTS (SELECT 1 FROM %(table)s WHERE %(overlap)s) "
    "BEGIN SELECT RAISE(ABORT, 'constraint failed: %(name)s'); END"
)
MICROSECONDS = "." + "[0-9]" * 6
# The check beside a constraint counts whole seconds, so a row may last a moment more than it says.
SLACK = timedelta(seconds=2)


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


def _misspelt(column: str) -> str:
    """Return the SQL that asks whether `column` holds an instant not as Django writes it.

    SQLite compares instants as text: 13:30:00Z, 09:30:00-04:00, 13:61:00 would all slip past.
    """
    second, rest = f"substr({column}, 1, 19)", f"substr({column}, 20)"
    return (
        f"{second} IS NOT datetime({second}) OR ({rest} <> '' AND {rest} NOT GLOB '{MICROSECONDS}')"
    )


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
        violation_error_message: Any = None,
    ) -> None:
        self.start, self.end, self.longest = start, end, longest
        self.partition_by = tuple(partition_by)
        super().__init__(
            name=name,
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """SQLite asks for this at each creation and each remake of the table."""
        if schema_editor.connection.vendor == "postgresql":
            return self._exclusion().constraint_sql(model, schema_editor)
        schema_editor.deferred_sql.extend(self._triggers(model, schema_editor))
        return None

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Only PostgreSQL adds a constraint to a table that stands."""
        return self._exclusion().create_sql(model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
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

    def _triggers(self, model: Any, schema_editor: BaseDatabaseSchemaEditor) -> Iterator[Statement]:
        quote = schema_editor.quote_name

        def column(field: str) -> str:
            return quote(model._meta.get_field(field).column)

        start, end, key = (
            column(self.start),
            column(self.end),
            column(model._meta.pk.name),
        )
        seconds = int((self.longest + SLACK).total_seconds())
        same = " AND ".join(f"{column(field)} = NEW.{column(field)}" for field in self.partition_by)
        overlap = (
            f"{same} AND {key} <> NEW.{key} AND {start} < NEW.{end} AND {end} > NEW.{start} "
            f"AND {start} > datetime(NEW.{start}, '-{seconds} seconds')"
        )
        misspelt = f"{_misspelt(f'NEW.{start}')} OR {_misspelt(f'NEW.{end}')}"
        for event in ("INSERT", "UPDATE"):
            yield Statement(
                TRIGGER,
                trigger=quote(f"{self.name}_{event.lower()}"),
                event=event,
                table=Table(model._meta.db_table, quote),
                misspelt=misspelt,
                overlap=overlap,
                name=self.name,
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
                f"{self.start}__gt": start - self.longest - SLACK,
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
