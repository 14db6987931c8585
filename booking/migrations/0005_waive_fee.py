from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0004_calendars"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="booking",
            options={
                "ordering": ["-starts_at"],
                "permissions": [
                    ("view_own_booking", "Can view bookings of their own schedule"),
                    ("preview_booking", "Can preview what is sent about a booking"),
                    ("waive_fee", "Can waive a fee"),
                ],
                "verbose_name": "booking",
                "verbose_name_plural": "bookings",
            },
        ),
    ]
