"""Operator screens for people and plans."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.utils.translation import gettext_lazy as _

from accounts.models import Plan, Profile, User


class ProfileInline(admin.TabularInline):  # type: ignore[type-arg]
    """A user's profiles, on the user's page."""

    model = Profile
    extra = 0
    fields = ["name", "avatar", "is_kid", "maturity", "language"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Users by name and address."""

    list_display = ["username", "name", "email", "plan", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_active", "plan"]
    list_select_related = ["plan"]
    search_fields = ["username", "name", "email"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["name", "email", "plan"]}),
        (_("May"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    inlines = [ProfileInline]


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Profiles of all users."""

    list_display = ["name", "user", "is_kid", "maturity", "language", "created_at"]
    list_filter = ["is_kid", "maturity", "language"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username", "user__email"]
    autocomplete_fields = ["user"]


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What subscriptions allow."""

    list_display = ["name", "streams", "max_height", "is_default"]
