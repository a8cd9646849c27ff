"""Django's permissions, one for each action of a view set."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class PermissionOfAction(BasePermission):
    """Asks for the permission that `view.permissions` names for the action; an action without one is refused."""

    message = "You do not have the permission that this needs."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        action = getattr(view, "action", None)
        if action in (None, "metadata"):
            # No such method, which is answered after the permissions; or OPTIONS, which shows nothing.
            return True
        needed = getattr(view, "permissions", {}).get(action)
        return needed is not None and request.user.has_perm(needed)
