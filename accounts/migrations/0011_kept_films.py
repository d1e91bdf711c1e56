"""How long a kept film plays without the site. The default plan, whose downloads nobody could use yet, allows some."""

import django.core.validators
from django.db import migrations, models

#: On how many devices the default plan keeps films.
DEVICES = 4


def allow(apps, schema_editor):
    plan = apps.get_model("accounts", "Plan")
    rows = plan.objects.using(schema_editor.connection.alias).filter(is_default=True, downloads=0)
    rows.update(downloads=DEVICES)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_profile_skips")]
    operations = [
        migrations.AddField(
            model_name="plan",
            name="offline_days",
            field=models.PositiveSmallIntegerField(
                default=30,
                help_text="For so many days a kept film plays before its device must be online once.",
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.RunPython(allow, migrations.RunPython.noop),
    ]
