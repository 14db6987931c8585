"""Names, addresses and numbers found by their parts, and names by likeness: on PostgreSQL.

SQLite has no such index and reads the table, which a small clinic does in a moment.
"""

from typing import Any

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

COLUMNS = ("name_key", "email_key", "phone")
INDEX = "client_found"


def add_index(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        columns = ", ".join(f"{column} gin_trgm_ops" for column in COLUMNS)
        schema_editor.execute(f"CREATE INDEX {INDEX} ON clients_client USING gin ({columns})")


def remove_index(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX {INDEX}")


class Migration(migrations.Migration):
    dependencies = [("clients", "0004_notes_and_merges")]

    operations = [TrigramExtension(), migrations.RunPython(add_index, remove_index)]
