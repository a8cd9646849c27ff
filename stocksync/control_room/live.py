"""The part of the first page that moves, and the budget."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from market_data.admin.tables import require_view
from market_data.queries.spending import spending
from scheduling.models import Execution
from stocksync.control_room import running_now, yesterday


def live(request: HttpRequest) -> HttpResponse:
    """A piece of the page, for the browser to put in place of the one it has."""
    require_view(request, Execution)
    runs = yesterday.executions()
    context = {**running_now.context(request, runs), "last_night": yesterday.summary(runs), "budget": spending()}
    return render(request, "room/live.html", context)
