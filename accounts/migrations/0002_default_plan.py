"""The plan that holds for everybody until operators make others: two streams, no cap on the picture."""

from django.db import migrations


def add(apps, schema_editor):
    plan = apps.get_model("accounts", "Plan")
    plan.objects.using(schema_editor.connection.alias).get_or_create(
        name="Default", defaults={"streams": 2, "max_height": None, "is_default": True}
    )


def remove(apps, schema_editor):
    plan = apps.get_model("accounts", "Plan")
    plan.objects.using(schema_editor.connection.alias).filter(name="Default", users=None).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(add, remove)]
