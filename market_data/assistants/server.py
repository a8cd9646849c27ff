"""The tools as a server of the Model Context Protocol, for whoever started it or for the owners of tokens."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import DatabaseError, InterfaceError, connections
from knox.auth import TokenAuthentication
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import AnyHttpUrl
from rest_framework.exceptions import AuthenticationFailed

from market_data.assistants import tools
from market_data.datasets import DATASETS
from market_data.exceptions import MarketDataError

NAME = "stocksync"
INSTRUCTIONS = (
    "A database of the Chinese stock market that knows what it lacks. Look at `datasets` first. Every answer says up "
    "to which day the dataset is complete (`complete_until`), which holes lie in what was asked (`holes`) and whether "
    "more rows follow (`is_cut`): say so where you conclude from them. Days are written YYYY-MM-DD, symbols 600000.SH."
)
Who = Callable[[], Any]


def local(user: Any) -> MCPServer:
    """Answers one user; what he may not do is not offered."""
    return _server(lambda: user, [tool for tool, permission in tools.ACTING.items() if user.has_perm(permission)])


def for_tokens(address: str) -> MCPServer:
    """Answers whoever has a token of stocksync at this address, each with his own permissions."""
    url = AnyHttpUrl(address)
    auth = AuthSettings(issuer_url=url, resource_server_url=url, validate_token_resource=False)
    return _server(_owner, list(tools.ACTING), auth=auth, token_verifier=_Tokens())


def _server(who: Who, acting: list[tools.Tool], **options: Any) -> MCPServer:
    server = MCPServer(NAME, instructions=INSTRUCTIONS, **options)
    for tool in (*tools.READING, *acting):
        server.add_tool(_in_thread(tool, who), structured_output=False)
    server.resource("stocksync://datasets", mime_type="application/json")(_in_thread(tools.datasets, who))
    for name, dataset in DATASETS.items():
        describe = _in_thread(_describe(name), who)
        address = f"stocksync://datasets/{name}"
        server.resource(address, name=name, title=dataset.title, mime_type="application/json")(describe)
    return server


def _describe(name: str) -> Callable[[Any], dict[str, Any]]:
    def describe(user: Any) -> dict[str, Any]:
        """What a dataset holds, its columns and units."""
        return tools.dataset(user, name)

    return describe


def _in_thread(tool: tools.Tool, who: Who) -> tools.Tool:
    """The function without its user, in a thread that may wait for the database. What a person can put right comes back
    as a sentence."""

    def answer(given: dict[str, Any]) -> Any:
        try:
            return tool(who(), **given)
        except MarketDataError as error:
            raise ToolError(str(error)) from error
        except (DatabaseError, InterfaceError) as error:
            raise ToolError("The database does not answer.") from error
        finally:
            connections.close_all()  # the thread may be a new one each time

    @wraps(tool)
    async def asked(**given: Any) -> Any:
        return await sync_to_async(answer, thread_sensitive=False)(given)

    signature = inspect.signature(tool, eval_str=True)
    parameters = [one for name, one in signature.parameters.items() if name != "user"]
    asked.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    asked.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": signature.return_annotation}
    return asked


def _owner() -> Any:
    token = get_access_token()
    user = get_user_model().objects.filter(pk=token.client_id if token else 0, is_active=True).first()
    if user is None:
        raise MarketDataError("Your token is not known any more; make another in the admin.")
    return user


class _Tokens:
    """Knows the tokens that the REST API knows."""

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            authenticate = sync_to_async(TokenAuthentication().authenticate_credentials, thread_sensitive=False)
            user, _ = await authenticate(token.encode())
        except (AuthenticationFailed, UnicodeError):
            return None
        return AccessToken(token=token, client_id=str(user.pk), scopes=[])
