import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_audit"),
    ]

    operations = [
        migrations.CreateModel(
            name="TvCode",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("device_digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("user_digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("denied", "Denied"),
                            ("used", "Used"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=40)),
                ("player", models.CharField(blank=True, max_length=60)),
                ("place", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("interval_s", models.PositiveSmallIntegerField()),
                ("polled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="tv_code_by_expiry")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("user__isnull", False))
                        | ~models.Q(("state__in", ["approved", "used"])),
                        name="tv_code_approved_by_somebody",
                    )
                ],
            },
        ),
    ]
