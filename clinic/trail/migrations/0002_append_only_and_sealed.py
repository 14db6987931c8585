from django.db import migrations, models

from clinic.trail.constraints import AppendOnly, prepare, put_away


class Migration(migrations.Migration):
    dependencies = [("trail", "0001_entries")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: prepare(schema_editor),
            lambda apps, schema_editor: put_away(schema_editor),
        ),
        migrations.AddConstraint(
            model_name="entry", constraint=AppendOnly(name="the_log_is_append_only")
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "position",
                    models.BigIntegerField(
                        primary_key=True, serialize=False, verbose_name="position"
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        null=True,
                        on_delete=models.DO_NOTHING,
                        related_name="seal",
                        to="trail.entry",
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
            ],
            options={
                "verbose_name": "seal of the log",
                "verbose_name_plural": "seals of the log",
                "ordering": ["-position"],
                "constraints": [AppendOnly(name="the_seals_are_append_only")],
            },
        ),
    ]
