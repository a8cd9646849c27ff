"""Users, groups and API tokens in the control room's dress."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from knox.admin import AuthTokenAdmin
from knox.models import AuthToken
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister([User, Group, AuthToken])


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[type-arg] # it takes no parameter at run time
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class PeopleAdmin(GroupAdmin, ModelAdmin):
    pass


@admin.register(AuthToken)
class TokenAdmin(AuthTokenAdmin, ModelAdmin):
    """Deleting a token is how it is revoked; a new one is shown once."""

    list_display = ("token_key", "user", "created", "expiry")
    readonly_fields = ("token_key", "created")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("token_key", "user", "created", "expiry") if obj else ("user", "expiry")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("token_key", "user", "created") if obj else ()
