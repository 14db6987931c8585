"""`AppendOnly`: rows that are written once. The database refuses whatever would change them.

Triggers on both databases; TRUNCATE is refused as well, where there is one. As a constraint of the
model it is written by makemigrations and kept when SQLite remakes the table, as `NoOverlap` is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from django.db import connection, transaction
from django.db.backends.ddl_references import Statement, Table
from django.db.models import BaseConstraint

Key = Literal["purge", "tests"]

# Rows are unlocked by name, and until the transaction ends: in a table that only the one writer of
# SQLite sees filled, in a setting of the transaction on PostgreSQL.
TURN = {
    "sqlite": ("INSERT INTO trail_unlock VALUES (%s)", "DELETE FROM trail_unlock"),
    "postgresql": (
        "SELECT set_config('lumen.unlock', %s, true)",
        "SELECT set_config('lumen.unlock', '', true)",
    ),
}

ON_SQLITE = {
    "update": (
        "CREATE TRIGGER %(trigger)s BEFORE UPDATE ON %(table)s FOR EACH ROW "
        "BEGIN SELECT RAISE(ABORT, 'append-only: %(name)s'); END"
    ),
    "delete": (
        "CREATE TRIGGER %(trigger)s BEFORE DELETE ON %(table)s FOR EACH ROW "
        "WHEN NOT EXISTS (SELECT 1 FROM trail_unlock WHERE name IN ('purge', 'tests')) "
        "BEGIN SELECT RAISE(ABORT, 'append-only: %(name)s'); END"
    ),
}
ON_POSTGRESQL = (
    "CREATE TRIGGER %(trigger)s BEFORE UPDATE OR DELETE ON %(table)s "
    "FOR EACH ROW EXECUTE FUNCTION trail_append_only(); "
    "CREATE TRIGGER %(whole)s BEFORE TRUNCATE ON %(table)s "
    "FOR EACH STATEMENT EXECUTE FUNCTION trail_append_only()"
)
FUNCTION = """
CREATE OR REPLACE FUNCTION trail_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' AND current_setting('lumen.unlock', true) IN ('purge', 'tests') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


@contextmanager
def unlocked(key: Key) -> Iterator[None]:
    """Let rows that are append-only be deleted, in a transaction; never changed."""
    turn, back = TURN[connection.vendor]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(turn, [key])
        yield
        cursor.execute(back)


class AppendOnly(BaseConstraint):
    """No row is changed, and none is deleted unless `unlocked`."""

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """SQLite asks for this at each creation and each remake of the table."""
        schema_editor.deferred_sql.extend(self._triggers(model, schema_editor))
        return None

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Only PostgreSQL adds a constraint to a table that stands."""
        (triggers,) = self._triggers(model, schema_editor)
        return triggers

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """Only PostgreSQL takes one away without a remake."""
        quote = schema_editor.quote_name
        return Statement(
            "DROP TRIGGER %(trigger)s ON %(table)s; DROP TRIGGER %(whole)s ON %(table)s",
            trigger=quote(self.name),
            whole=quote(f"{self.name}_whole"),
            table=Table(model._meta.db_table, quote),
        )

    def _triggers(self, model: Any, schema_editor: Any) -> Iterator[Statement]:
        quote = schema_editor.quote_name
        table = Table(model._meta.db_table, quote)
        if schema_editor.connection.vendor == "postgresql":
            yield Statement(
                ON_POSTGRESQL,
                trigger=quote(self.name),
                whole=quote(f"{self.name}_whole"),
                table=table,
            )
            return
        for event, template in ON_SQLITE.items():
            yield Statement(
                template, trigger=quote(f"{self.name}_{event}"), table=table, name=self.name
            )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """A new row is always welcome."""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AppendOnly):
            return self.deconstruct() == other.deconstruct()
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)


def prepare(schema_editor: Any) -> None:
    """Make what the triggers lean on; before the first of them."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION, None)
    else:
        schema_editor.execute("CREATE TABLE trail_unlock (name text NOT NULL)")


def put_away(schema_editor: Any) -> None:
    """Take away what `prepare` made; after the last trigger."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION trail_append_only()")
    else:
        schema_editor.execute("DROP TABLE trail_unlock")
