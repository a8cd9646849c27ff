"""People and programs that use the REST interface."""

from django.contrib.auth.models import Permission, User
from knox.models import AuthToken
from rest_framework.test import APIClient


def superuser() -> User:
    return User.objects.create_superuser("root")


def person(*permissions: str) -> User:
    """Somebody with these permissions, such as scheduling.view_jobconfig."""
    user = User.objects.create_user("somebody")
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def program_of(user: User) -> APIClient:
    """A program with a token of this user."""
    _, token = AuthToken.objects.create(user)
    return APIClient(headers={"Authorization": f"Token {token}"})
