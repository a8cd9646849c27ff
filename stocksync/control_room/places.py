"""Where the control room's pages and buttons are."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path, re_path

from market_data.admin import places as market_places
from stocksync.control_room import live, orders, watchlists


def places(guarded: Callable[[Any], Any]) -> list[URLPattern]:
    """Below the admin's own address; `guarded` lets only the staff in."""
    task_orders = "|".join(orders.TASK_ORDERS)
    return [
        *market_places.places(guarded),
        path("watchlists/add/", guarded(watchlists.add_watchlist), name="room_add_watchlist"),
        path("live/", guarded(live.live), name="room_live"),
        path("sync-now/", guarded(orders.sync_now), name="room_sync_now"),
        re_path(
            rf"^sync-tasks/(?P<pk>[0-9a-f-]{{36}})/(?P<name>{task_orders})/$",
            guarded(orders.tell_task),
            name="room_task",
        ),
        path("runs/<uuid:pk>/cancel/", guarded(orders.cancel_run), name="room_cancel_run"),
        path("jobs/<uuid:pk>/resume/", guarded(orders.resume_job), name="room_resume_job"),
        path("hosts/<str:host>/close/", guarded(orders.close_circuit), name="room_close_circuit"),
    ]
