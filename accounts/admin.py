"""Operator screens for people and plans."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.audit import admin as _audit  # noqa: F401 (registers its screen)
from accounts.billing import admin as billing  # noqa: F401 (importing registers)
from accounts.models import Profile, User
from accounts.privacy.erasing import end_sessions
from accounts.signals import admin as _signals  # noqa: F401 (the same)


class ProfileInline(admin.TabularInline):  # type: ignore[type-arg]
    """A user's profiles, on the user's page. One is removed on its own page, where others hear of it."""

    model = Profile
    extra = 0
    max_num = services.PROFILE_LIMIT
    can_delete = False
    show_change_link = True
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
    actions = ["sign_out_everywhere"]

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """End every session of the chosen users, however it began (ASVS 7.4.5); one's own as well when chosen."""
        ended = 0
        for user_id in _ids(queryset):
            ended += services.end_all_devices(user_id) + end_sessions(user_id)
            services.audit(request.user.pk, "session.ended", f"user:{user_id}")
        words = ngettext("%(n)d session was ended.", "%(n)d sessions were ended.", ended)
        self.message_user(request, words % {"n": ended})

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Remove with all profiles; playback and taste hear of it and forget them."""
        services.delete_user(obj.id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Remove each with all profiles."""
        for user_id in _ids(queryset):
            services.delete_user(user_id)


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Profiles of all users."""

    list_display = ["name", "user", "is_kid", "maturity", "language", "created_at"]
    list_filter = ["is_kid", "maturity", "language"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username", "user__email"]
    autocomplete_fields = ["user"]
    actions = ["remove_pins"]

    @admin.action(description=_("Remove the PIN"), permissions=["change"])
    def remove_pins(self, request: HttpRequest, queryset: QuerySet[Profile]) -> None:
        """For a household that has forgotten its PIN and its password. It is in the audit log."""
        actor = request.user.pk
        removed = sum(
            services.remove_pin(profile_id=profile_id, actor=actor) for profile_id in _ids(queryset)
        )
        self.message_user(request, _("%(n)d PINs are removed.") % {"n": removed})

    def delete_model(self, request: HttpRequest, obj: Profile) -> None:
        """Remove; playback and taste hear of it and forget the profile."""
        services.delete_profile(obj.id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Profile]) -> None:
        """Remove each."""
        for profile_id in _ids(queryset):
            services.delete_profile(profile_id)


def _ids(rows: QuerySet[Any]) -> list[UUID]:
    """All ids, before the first row goes."""
    return list(rows.values_list("id", flat=True))
