"""The Python SDK: plays sessions (`play`) or reads challenges (`parse`); JSON on standard input and output."""

import asyncio
import json
import sys
from urllib.parse import parse_qsl, urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider, utils
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata
from mcp.types import ToolListChangedNotification
from oauth_memory import Memory

REDIRECT = "http://127.0.0.1/callback"


def provider(url: str) -> OAuthClientProvider:
    """An OAuth client whose user consents to everything: redirects are followed as a browser would."""
    arrived = ""

    async def redirect(start: str) -> None:
        nonlocal arrived
        arrived = start
        async with httpx2.AsyncClient() as browser:
            while not arrived.startswith(REDIRECT):
                response = await browser.get(arrived)
                arrived = str(response.url.join(response.headers["location"]))

    async def callback() -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(dict(parse_qsl(urlsplit(arrived).query)))

    metadata = OAuthClientMetadata(
        client_name="scopegate-tests",
        redirect_uris=[REDIRECT],
        application_type="native",
        grant_types=["authorization_code"],
        token_endpoint_auth_method="none",
    )
    return OAuthClientProvider(url, metadata, Memory(), redirect, callback)


async def play_session(token: str | None, session: dict) -> list[dict]:
    tamper: dict[str, str] = {}

    async def overwrite(request: httpx2.Request) -> None:
        request.headers.update(tamper)

    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    auth = provider(session["url"]) if token is None else None
    mode = "auto" if session["era"] == "modern" else "legacy"
    changed = asyncio.Event()

    async def notice(message) -> None:
        if isinstance(message, ToolListChangedNotification):
            changed.set()

    async with httpx2.AsyncClient(headers=headers, auth=auth, event_hooks={"request": [overwrite]}) as http:
        transport = streamable_http_client(session["url"], http_client=http)
        async with Client(transport, mode=mode, message_handler=notice) as client:
            outcomes = []
            for call in session["calls"]:
                tamper.clear()
                tamper.update(call.get("tamper") or {})
                outcomes.append(await outcome(client, call, changed))
            return outcomes


async def tools(client: Client) -> list[str]:
    names, cursor = [], None
    while True:
        page = await client.list_tools(cursor=cursor)
        names += [tool.name for tool in page.tools]
        cursor = page.next_cursor
        if cursor is None:
            return names


async def noticed(changed: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(changed.wait(), 2)
    except TimeoutError:
        return False
    return True


async def outcome(client: Client, call: dict, changed: asyncio.Event) -> dict:
    try:
        if call.get("ask") == "tools":
            return {"tools": await tools(client)}
        if call.get("ask") == "changed":
            return {"changed": await noticed(changed)}
        result = await client.call_tool(call["tool"], call["arguments"])
        return {"text": result.content[0].text}
    except Exception as error:
        code, data = getattr(error, "code", None), getattr(error, "data", None)
        details = None if code is None else {"code": code, "data": data}
        return {"error": {"type": type(error).__name__, "message": str(error), "details": details}}


async def play(task: dict) -> list[list[dict]]:
    return [await play_session(task.get("token"), session) for session in task["sessions"]]


def parse(answer: dict) -> dict:
    response = httpx2.Response(answer["status"], headers=[("WWW-Authenticate", answer["challenge"])])
    return {
        "error": utils.extract_field_from_www_auth(response, "error"),
        "scope": utils.extract_scope_from_www_auth(response),
        "resource_metadata": utils.extract_resource_metadata_from_www_auth(response),
    }


task = json.load(sys.stdin)
json.dump(asyncio.run(play(task)) if sys.argv[1] == "play" else [parse(answer) for answer in task], sys.stdout)
