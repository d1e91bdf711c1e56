import uuid
from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def bind_open_sessions(apps, schema_editor):
    """Give each session that was open before there were devices a device of its own, so that it can be signed out."""
    Device, DeviceSession = apps.get_model("accounts", "Device"), apps.get_model("accounts", "DeviceSession")
    User, Session = apps.get_model("accounts", "User"), apps.get_model("sessions", "Session")
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    users = {str(user_id) for user_id in User.objects.values_list("id", flat=True)}
    now = timezone.now()
    for session in Session.objects.filter(expire_date__gt=now).iterator():
        user_id = store.decode(session.session_data).get("_auth_user_id")
        if user_id not in users:
            continue
        # The key is not what a cookie would give: at its next request the browser is bound to a device by its cookie.
        device = Device.objects.create(
            user_id=user_id, browser=uuid.uuid4().hex, kind="computer", first_used_at=now, last_used_at=now
        )
        DeviceSession.objects.create(session_key=session.session_key, device=device, began_at=now)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_default_plan"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Device",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("browser", models.CharField(editable=False, help_text="Digest of the key in the browser's device cookie.", max_length=64)),
                ("name", models.CharField(blank=True, help_text="What its owner calls it.", max_length=40)),
                ("kind", models.CharField(choices=[("computer", "computer"), ("phone", "phone"), ("tablet", "tablet"), ("tv", "tv"), ("app", "app")], default="computer", max_length=10)),
                ("player", models.CharField(blank=True, help_text="Browser and system, in our own words.", max_length=60)),
                ("place", models.CharField(blank=True, max_length=120)),
                ("network", models.CharField(blank=True, max_length=50)),
                ("first_used_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField()),
                ("last_profile", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="accounts.profile")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="devices", to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name="DeviceSession",
            fields=[
                ("session_key", models.CharField(editable=False, max_length=40, primary_key=True, serialize=False)),
                ("began_at", models.DateTimeField()),
                ("device", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="sessions", to="accounts.device")),
            ],
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["last_used_at"], name="device_by_last_use"),
        ),
        migrations.AddConstraint(
            model_name="device",
            constraint=models.UniqueConstraint(fields=("user", "browser"), name="device_once_per_user_and_browser"),
        ),
        migrations.RunPython(bind_open_sessions, migrations.RunPython.noop),
    ]
