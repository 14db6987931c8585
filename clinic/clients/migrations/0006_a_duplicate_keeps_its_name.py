from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clients", "0005_found_by_parts_of_a_name")]

    operations = [
        migrations.RemoveConstraint("client", "one_client_per_email_and_name"),
        migrations.AddConstraint(
            "client",
            models.UniqueConstraint(
                fields=["email_key", "name_key"],
                name="one_client_per_email_and_name",
                condition=models.Q(("email_key", ""), _negated=True)
                & models.Q(("merged_into", None)),
            ),
        ),
    ]
