"""No request keeps the database, or the site, for itself."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from market_data.api.urls import heavy
from stocksync.web.limits import BoundedTime, FewHeavyReads

SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) "
    "SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(30)",
}


def work(sql: str = "") -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql or SLOW[connection.vendor])
        cursor.fetchall()


class Slow(APIView):
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        work()
        return Response()


def slow_page(request: Any) -> HttpResponse:
    work()
    return HttpResponse()


def many_pages(request: Any) -> HttpResponse:
    while True:
        time.sleep(0.05)
        work("SELECT 1")


gate = threading.Event()


class Held(APIView):
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        gate.wait(10)
        return Response()


class Streamed(Held):
    def get(self, request: Request) -> Any:
        return StreamingHttpResponse(iter([b"a", b"b"]))


held_view, streamed = heavy(Held.as_view()), heavy(Streamed.as_view())
urlpatterns = [
    path("scheduler/slow", heavy(Slow.as_view())),
    path("scheduler/held", held_view),
    path("admin/slow", slow_page),
    path("admin/many", many_pages),
    path("admin/quick", lambda request: HttpResponse("quick")),
]


@pytest.fixture(autouse=True)
def addresses(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.WEB_REQUEST_SECONDS = 0.5
    settings.WEB_HEAVY_READS, settings.WEB_THREADS = 2, 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["/scheduler/slow", "/admin/slow", "/admin/many"])
def test_a_request_that_takes_too_long_ends_with_a_sentence(address: str) -> None:
    begun = time.monotonic()
    answer = Client().get(address)
    assert time.monotonic() - begun < 5
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    said = answer.json()["error"]["message"] if "scheduler" in address else answer.content.decode()
    assert said == "This would take longer than 0.5 s; ask for fewer days or symbols at a time."


@pytest.mark.django_db(transaction=True)
def test_after_it_the_same_connection_answers_others() -> None:
    Client().get("/admin/slow")
    work("SELECT 1")
    assert Client().get("/admin/quick").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_work_outside_of_requests_is_not_bounded(settings: Any) -> None:
    settings.WEB_REQUEST_SECONDS = 0.05
    connection.close()
    work("SELECT pg_sleep(0.2)" if connection.vendor == "postgresql" else SLOW["sqlite"].replace("100000000", "500000"))


@pytest.mark.django_db
def test_another_error_of_the_database_is_not_taken_for_it() -> None:
    middleware = BoundedTime(lambda request: HttpResponse())
    assert middleware.process_exception(RequestFactory().get("/"), OperationalError("disk I/O error")) is None


@pytest.fixture
def held() -> Iterator[list[Any]]:
    """Two large questions that are being answered by one process."""
    gate.clear()
    client, answers = Client(), []
    client.get("/admin/quick")  # makes the middleware that all requests of this client share
    threads = [threading.Thread(target=lambda: answers.append(client.get("/scheduler/held"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    yield [client, answers]
    gate.set()
    for thread in threads:
        thread.join()


@pytest.mark.django_db
def test_large_questions_leave_room_for_others(held: list[Any]) -> None:
    client, answers = held
    refused = client.get("/scheduler/held")
    assert (refused.status_code, refused.json()["error"]["code"], refused.headers["Retry-After"]) == (503, "busy", "2")
    assert client.get("/admin/quick").status_code == 200
    gate.set()
    deadline = time.monotonic() + 10
    while len(answers) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert client.get("/scheduler/held").status_code == 200


@pytest.mark.django_db
def test_a_place_is_left_when_a_stream_ends_or_breaks_and_when_a_view_fails() -> None:
    request = RequestFactory().get("/scheduler/streamed")

    def fail(given: Any) -> HttpResponse:
        guard.process_view(given, streamed, (), {})
        raise RuntimeError

    guard = FewHeavyReads(fail)
    for _ in range(5):
        with pytest.raises(RuntimeError):
            guard(request)
    guard.get_response = lambda given: guard.process_view(given, streamed, (), {}) or streamed(given)
    first, second = guard(request), guard(RequestFactory().get("/scheduler/streamed"))
    assert guard(RequestFactory().get("/scheduler/streamed")).status_code == 503
    first.close()
    assert guard(RequestFactory().get("/scheduler/streamed")).status_code == 200
    second.close()


def test_a_few_wait_for_their_turn_and_others_are_sent_away(settings: Any) -> None:
    settings.WEB_HEAVY_READS, settings.WEB_THREADS = 1, 4
    gate.clear()
    guard = FewHeavyReads(lambda request: guard.process_view(request, held_view, (), {}) or held_view(request))
    codes: list[int] = []

    def ask() -> None:
        codes.append(guard(RequestFactory().get("/scheduler/held")).status_code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.2)
    assert codes == [503]
    gate.set()
    for thread in threads:
        thread.join()
    assert codes == [503, 200, 200]
