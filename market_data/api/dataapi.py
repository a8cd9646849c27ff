"""The address at which the `tushare` package finds a local Tushare."""

import json
import logging
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from market_data.dataapi import envelope, local, passing
from market_data.standin.tushare import refusals
from market_data.standin.tushare.questions import Question, question
from market_data.standin.tushare.refusals import Refusal

PASSING_NEEDS = "market_data.add_syncrequest"
SERVER_FAULT = (-2001, "服务器错误，请稍后再试！")
logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def dataapi(request: HttpRequest, api_name: str = "") -> HttpResponse:
    """Answer one call. Refusals have HTTP 200 and a code, because the package takes any other status for no data."""
    try:
        body = _body(request, api_name)
        user = _user(str(body.get("token") or ""))
        content = _answer(question(body), user)
    except Refusal as refused:
        content = envelope.refusal(refused.code, refused.message)
    except (DatabaseError, InterfaceError):
        logger.exception("The database did not answer a call of the local Tushare.")
        content = envelope.refusal(*SERVER_FAULT)
    return HttpResponse(content, content_type="application/json")


def _body(request: HttpRequest, api_name: str) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("params") or {}, dict):
        raise refusals.bad_query()
    return body | {"api_name": body.get("api_name") or api_name}


def _user(token: str) -> Any:
    try:
        user, _ = TokenAuthentication().authenticate_credentials(token.encode())
    except (AuthenticationFailed, UnicodeError):
        raise refusals.bad_token() from None
    return user


def _answer(asked: Question, user: Any) -> bytes:
    dataset = local.STORED.get(asked.api)
    if dataset is None:
        return _passed(asked, user)
    if not user.has_perm(f"market_data.view_{dataset.model._meta.model_name}"):
        raise refusals.not_permitted(asked.api)
    found = local.answer(asked)
    return envelope.data_of(found.table, has_more=found.has_more)


def _passed(asked: Question, user: Any) -> bytes:
    if not settings.DATAAPI_PASS_THROUGH:
        raise local.not_stored(asked.api)
    if not user.has_perm(PASSING_NEEDS):
        raise refusals.not_permitted(asked.api)
    table, has_more = passing.ask(asked, user.pk)
    return envelope.data_of(table, has_more=has_more)
