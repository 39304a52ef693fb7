"""The Python SDK: plays sessions (`play`) or reads challenges (`parse`); JSON on standard input and output."""

import asyncio
import json
import sys

import httpx2
from mcp.client.auth import utils
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client


async def play_session(token: str, session: dict) -> list[dict]:
    tamper: dict[str, str] = {}

    async def overwrite(request: httpx2.Request) -> None:
        request.headers.update(tamper)

    async with httpx2.AsyncClient(
        headers={"authorization": f"Bearer {token}"}, event_hooks={"request": [overwrite]}
    ) as http:
        mode = "auto" if session["era"] == "modern" else "legacy"
        async with Client(streamable_http_client(session["url"], http_client=http), mode=mode) as client:
            outcomes = []
            for call in session["calls"]:
                tamper.clear()
                tamper.update(call.get("tamper") or {})
                outcomes.append(await outcome(client, call))
            return outcomes


async def outcome(client: Client, call: dict) -> dict:
    try:
        result = await client.call_tool(call["tool"], call["arguments"])
        return {"text": result.content[0].text}
    except Exception as error:
        code, data = getattr(error, "code", None), getattr(error, "data", None)
        details = None if code is None else {"code": code, "data": data}
        return {"error": {"type": type(error).__name__, "message": str(error), "details": details}}


async def play(task: dict) -> list[list[dict]]:
    return [await play_session(task["token"], session) for session in task["sessions"]]


def parse(answer: dict) -> dict:
    response = httpx2.Response(answer["status"], headers=[("WWW-Authenticate", answer["challenge"])])
    return {
        "error": utils.extract_field_from_www_auth(response, "error"),
        "scope": utils.extract_scope_from_www_auth(response),
        "resource_metadata": utils.extract_resource_metadata_from_www_auth(response),
    }


task = json.load(sys.stdin)
json.dump(asyncio.run(play(task)) if sys.argv[1] == "play" else [parse(answer) for answer in task], sys.stdout)
