"""People get addresses, may share a name, and may have a portrait."""

import hashlib
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q
from django.utils.text import slugify


def give_addresses(apps: Any, schema_editor: Any) -> None:
    """As `catalog.people.stem`: the name in letters of an address; a number after it where that is taken already."""
    person = apps.get_model("catalog", "Person")
    taken: set[str] = set()
    rows = []
    for row in person.objects.using(schema_editor.connection.alias).order_by("name", "id"):
        figures = hashlib.blake2b(row.name.encode(), digest_size=4).hexdigest()
        stem = slugify(row.name)[:64].strip("-") or f"person-{figures}"
        row.slug, number = stem, 2
        while row.slug in taken:
            row.slug, number = f"{stem}-{number}", number + 1
        taken.add(row.slug)
        rows.append(row)
    person.objects.using(schema_editor.connection.alias).bulk_update(rows, ["slug"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_texts")]

    operations = [
        migrations.AlterModelOptions(
            name="person",
            options={
                "ordering": ["name", "note", "slug"],
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        migrations.AlterField(
            "person", "name", models.CharField(db_index=True, max_length=120, verbose_name="name")
        ),
        # Without an index first: PostgreSQL makes a second one for LIKE, and would do so twice.
        migrations.AddField("person", "slug", models.CharField(default="", max_length=80)),
        migrations.AddField(
            "person",
            "note",
            models.CharField(
                blank=True,
                default="",
                help_text="Tells people of the same name apart, for example “the composer” or “born 1970”.",
                max_length=80,
                verbose_name="which one",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "person",
            "tmdb_id",
            models.PositiveIntegerField(blank=True, null=True, unique=True, verbose_name="TMDB number"),
        ),
        migrations.RunPython(give_addresses, migrations.RunPython.noop),
        migrations.AlterField(
            "person",
            "slug",
            models.SlugField(
                blank=True,
                help_text="Part of the address of this person's page. Left empty, it is made from the name.",
                max_length=80,
                unique=True,
                verbose_name="address",
            ),
        ),
        migrations.AddField(
            "artwork",
            "person",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="artwork",
                to="catalog.person",
            ),
        ),
        migrations.AlterField(
            "artwork",
            "kind",
            models.CharField(
                choices=[
                    ("poster", "poster"),
                    ("backdrop", "backdrop"),
                    ("still", "still"),
                    ("portrait", "portrait"),
                ],
                max_length=8,
                verbose_name="kind",
            ),
        ),
        migrations.RemoveConstraint("artwork", "artwork_has_one_subject"),
        migrations.AddConstraint(
            "artwork",
            models.CheckConstraint(
                condition=Q(title__isnull=False, episode__isnull=True, person__isnull=True)
                | Q(title__isnull=True, episode__isnull=False, person__isnull=True)
                | Q(title__isnull=True, episode__isnull=True, person__isnull=False),
                name="artwork_has_one_subject",
            ),
        ),
        migrations.AddConstraint(
            "artwork",
            models.UniqueConstraint(fields=["person", "kind"], name="artwork_once_per_person"),
        ),
    ]
