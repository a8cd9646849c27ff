"""The admin, on a site of our own and with names in the reader's language."""

from django.contrib.admin.apps import AdminConfig


class ControlRoomConfig(AdminConfig):
    default_site = "stocksync.control_room.site.ControlRoom"

    def ready(self) -> None:
        super().ready()
        from stocksync.control_room.naming import name_all

        name_all()
