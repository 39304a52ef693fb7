"""A session of an older Python client: calls and lists one after the other. Prints what each came to."""

import asyncio
import json
import sys
from urllib.parse import parse_qsl, urlsplit

import httpx
from oauth_memory import Memory

PATIENCE = 6  # seconds for a call, far more than one takes
REDIRECT = "http://127.0.0.1/callback"


class Bearer(httpx.Auth):
    """A token that the application can replace in the middle of a session."""

    def __init__(self, token):
        self.token = token

    def auth_flow(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


def oauth(url):
    """An OAuth client whose user consents to everything: redirects are followed as a browser would."""
    from mcp.client.auth import OAuthClientProvider
    from mcp.shared.auth import OAuthClientMetadata

    arrived = ""

    async def redirect(start):
        nonlocal arrived
        arrived = start
        async with httpx.AsyncClient() as browser:
            while not arrived.startswith(REDIRECT):
                response = await browser.get(arrived)
                arrived = str(response.url.join(response.headers["location"]))

    async def callback():
        answer = dict(parse_qsl(urlsplit(arrived).query))
        return answer["code"], answer.get("state")

    metadata = OAuthClientMetadata(
        client_name="scopegate-tests",
        redirect_uris=[REDIRECT],
        grant_types=["authorization_code"],
        token_endpoint_auth_method="none",
    )
    return OAuthClientProvider(url, metadata, Memory(), redirect, callback)


async def steps(outcome, calls, auth):
    seen = []
    for call in calls:
        if "token" in call:
            auth.token = call["token"]
        try:
            seen.append(await asyncio.wait_for(outcome(call), PATIENCE))
        except (TimeoutError, asyncio.TimeoutError):
            seen.append("no answer")
        except Exception as error:
            seen.append(f"{type(error).__name__}: {error}"[:80])
        print(json.dumps(seen), flush=True)


async def listed(session):
    names, cursor = [], None
    while True:
        page = await session.list_tools(cursor)
        names += [tool.name for tool in page.tools]
        cursor = page.nextCursor
        if cursor is None:
            return f"listed: {' '.join(names)}"


async def mcp(url, auth, calls):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client
    from mcp.types import ToolListChangedNotification

    changed = asyncio.Event()

    async def notice(message):
        if isinstance(getattr(message, "root", None), ToolListChangedNotification):
            changed.set()

    async def outcome(call):
        if call.get("ask") == "tools":
            return await listed(session)
        if call.get("ask") == "changed":
            await changed.wait()
            return "the list changed"
        return (await session.call_tool(call["tool"], call.get("arguments", {}))).content[0].text

    async with streamablehttp_client(url, auth=auth) as (read, write, _):
        async with ClientSession(read, write, message_handler=notice) as session:
            await session.initialize()
            await steps(outcome, calls, auth)


async def fastmcp(url, auth, calls):
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport

    async def outcome(call):
        return (await client.call_tool(call["tool"], call.get("arguments", {}))).content[0].text

    async with Client(StreamableHttpTransport(url, auth=auth)) as client:
        await steps(outcome, calls, auth)


task = json.load(sys.stdin)
run = {"mcp": mcp, "fastmcp": fastmcp}[task["package"]]
try:
    asyncio.run(run(task["url"], Bearer(task["token"]) if "token" in task else oauth(task["url"]), task["calls"]))
except BaseException as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
