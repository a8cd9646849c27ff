"""People and programs that use the site."""

from django.contrib.auth.models import Permission, User
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient


def superuser() -> User:
    return User.objects.create_superuser("root")


def person(*permissions: str, is_staff: bool = False) -> User:
    """Somebody with these permissions, such as scheduling.view_jobconfig, or view_jobconfig where that is one only."""
    user = User.objects.create_user("somebody", is_staff=is_staff)
    for permission in permissions:
        app, _, codename = permission.rpartition(".")
        of_app = {"content_type__app_label": app} if app else {}
        user.user_permissions.add(Permission.objects.get(codename=codename, **of_app))
    return user


def browser_of_staff(*permissions: str) -> Client:
    """The browser of somebody of the staff with these permissions, signed in."""
    client = Client()
    client.force_login(person(*permissions, is_staff=True))
    return client


def program_of(user: User) -> APIClient:
    """A program with a token of this user."""
    _, token = AuthToken.objects.create(user)
    return APIClient(headers={"Authorization": f"Token {token}"})
