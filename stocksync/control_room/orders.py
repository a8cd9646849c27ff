"""What the buttons of the first page do: translate, call one function, tell, go back."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_POST

from market_data import background
from market_data.admin.words import title_of
from market_data.datasets import WITH_LEDGER
from market_data.engine.running import tasks
from market_data.exceptions import MarketDataError
from market_data.models import CircuitState
from scheduling import control, running
from scheduling.admin.orders import RUN_PERMISSION
from scheduling.admin.run_link import run_message
from scheduling.exceptions import SchedulingError
from scheduling.models import JobConfig
from stocksync.control_room.running_now import CANCEL_RUN, CHANGE_TASK

View = Callable[..., HttpResponse]
TASK_ORDERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "pause": (tasks.pause, gettext_noop("It pauses after the calls in flight.")),
    "cancel": (tasks.cancel, gettext_noop("It ends after the calls in flight.")),
    "resume": (background.resume, gettext_noop("A worker goes on with it.")),
}


def order(permission: str) -> Callable[[View], View]:
    """A button's view: by POST, for who has the permission; a refusal is told on the page one came from."""

    def dress(view: View) -> View:
        @require_POST
        @wraps(view)
        def dressed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except (MarketDataError, SchedulingError) as error:
                messages.error(request, str(error))
                return back(request)

        return dressed

    return dress


def back(request: HttpRequest) -> HttpResponse:
    """To the page that the button is on."""
    place = request.POST.get("next", "")
    if place and url_has_allowed_host_and_scheme(place, {request.get_host()}, request.is_secure()):
        return HttpResponseRedirect(place)
    return redirect("admin:index")


@order(RUN_PERMISSION)
def sync_now(request: HttpRequest) -> HttpResponse:
    """Have a worker bring what is new of a dataset."""
    name = request.POST.get("dataset", "")
    if name not in WITH_LEDGER:
        raise Http404(f"There is no dataset {name!r}.")
    run = background.sync(datasets=[name], latest=True)
    messages.success(request, run_message(title_of(name), run))
    return back(request)


@order(CHANGE_TASK)
def tell_task(request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
    """Pause, resume or cancel a sync task."""
    act, done = TASK_ORDERS[name]
    act(str(tasks.get(str(pk)).id))
    messages.success(request, gettext(done))
    return back(request)


@order(CANCEL_RUN)
def cancel_run(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a run at its next checkpoint."""
    execution = running.cancel(pk)
    messages.success(request, gettext("%(job)s: asked to end.") % {"job": execution.job_id})
    return back(request)


@order("scheduling.change_jobconfig")
def resume_job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let a paused job run again."""
    config = control.resume(get_object_or_404(JobConfig, pk=pk).job_id)
    messages.success(request, gettext("%(job)s: resumed.") % {"job": config.job_id})
    return back(request)


@order("market_data.change_circuitstate")
def close_circuit(request: HttpRequest, host: str) -> HttpResponse:
    """Let calls go to a host again at once."""
    if not CircuitState.objects.filter(host=host).update(refusals=0, open_until=None):
        raise Http404(f"There is no host {host!r}.")
    messages.success(request, gettext("Calls go again to %(host)s.") % {"host": host})
    return back(request)
