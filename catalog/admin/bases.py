"""Django's admin classes with their models named for the type checker; at run time they take no such argument."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin

from catalog.models import Credit, Episode, Person, Season, Title

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AnyTable = admin.TabularInline[Any, Any]
    TitleModelAdmin = admin.ModelAdmin[Title]
    CreditTable = admin.TabularInline[Credit, Title]
    SeasonTable = admin.TabularInline[Season, Title]
    EpisodeTable = admin.TabularInline[Episode, Season]
    TitleModelForm = forms.ModelForm[Title]
    EpisodeModelForm = forms.ModelForm[Episode]
    PersonModelForm = forms.ModelForm[Person]
else:
    AnyAdmin = TitleModelAdmin = admin.ModelAdmin
    AnyTable = CreditTable = SeasonTable = EpisodeTable = admin.TabularInline
    TitleModelForm = EpisodeModelForm = PersonModelForm = forms.ModelForm
