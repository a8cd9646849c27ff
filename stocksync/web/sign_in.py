"""Who a request comes from, and what happens to those who guess."""

from ipaddress import ip_address
from typing import Any, cast

from axes.backends import AxesStandaloneBackend
from django.http import HttpRequest, HttpResponse
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, UserRateThrottle

from stocksync.caches import count, seconds_left

WRONG_TOKENS = 30
WINDOW_SECONDS = 60
LOCKED = "Too many wrong passwords for this name from here. Try again in a quarter of an hour."


def address_of(request: HttpRequest) -> str | None:
    """The client's, as the proxies that the settings trust tell it; None for a socket's, and for what is none."""
    try:
        return str(ip_address(str(BaseThrottle().get_ident(cast("Request", request))).strip()))
    except ValueError:
        return None


class SignInGuard(AxesStandaloneBackend):  # type: ignore[misc]
    """Refuses who has guessed too often, before a password is looked at."""

    def authenticate(self, request: HttpRequest | None, *args: Any, **kwargs: Any) -> None:
        if request is not None:  # code of ours that signs somebody in has none
            super().authenticate(request, *args, **kwargs)


def locked_out(request: HttpRequest, answer: Any = None, credentials: Any = None) -> HttpResponse:
    return HttpResponse(LOCKED, status=429, content_type="text/plain", headers={"Retry-After": "900"})


class TokenAuthentication(auth.TokenAuthentication):  # type: ignore[misc]
    """Tokens of programs. Wrong ones are counted by address, in all processes; right ones always pass."""

    def authenticate(self, request: Request) -> Any:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            if count(f"wrong-token:{address_of(request)}", WINDOW_SECONDS) > WRONG_TOKENS:
                raise Throttled(seconds_left(WINDOW_SECONDS)) from None
            raise


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    target_class = "stocksync.web.sign_in.TokenAuthentication"


class ThrottleOfUser(UserRateThrottle):
    """Requests of a user in a window, counted in all processes."""

    num_requests: int | None
    duration: int | None

    def allow_request(self, request: Request, view: Any) -> bool:
        key = self.get_cache_key(request, view)
        if key is None or not self.num_requests or not self.duration:
            return True
        return count(key, self.duration) <= self.num_requests

    def wait(self) -> float:
        return seconds_left(self.duration or WINDOW_SECONDS)
