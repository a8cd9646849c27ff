"""`/healthz`, `/readyz` and `/metrics`."""

from ipaddress import ip_address
from secrets import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from stocksync.observing import metrics, probes
from stocksync.observing.exposition import CONTENT_TYPE, text_of


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process answers. Nothing else is looked at: a restart cures nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether the installation works, and which part does not: 200 or 503."""
    checks = probes.examine()
    is_ready = set(checks.values()) == {probes.OK}
    return JsonResponse({"status": "ok" if is_ready else "fail", "checks": checks}, status=200 if is_ready else 503)


@never_cache
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Every figure, for who has METRICS_TOKEN; where none is set, for programs of this machine, not through a proxy."""
    if not _may_read(request):
        return HttpResponse("Set METRICS_TOKEN and send it as a Bearer token.\n", status=403, content_type="text/plain")
    return HttpResponse(text_of(metrics.METRICS), content_type=CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "")
        return compare_digest(given.encode(), f"Bearer {token}".encode())
    # A proxy on this machine is local too; what it passes on is not.
    is_forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not is_forwarded and _is_local(request.META.get("REMOTE_ADDR", ""))


def _is_local(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return not address  # a socket in the file system
