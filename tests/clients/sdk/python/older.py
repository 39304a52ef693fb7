"""A session of an older Python client: an allowed call, one that is refused, an allowed one. Prints what each came to."""

import asyncio
import json
import sys

PATIENCE = 6  # seconds for a call, far more than one takes


async def calls(call, names):
    seen = []
    for name in names:
        try:
            result = await asyncio.wait_for(call(name), PATIENCE)
            seen.append(result.content[0].text)
        except (TimeoutError, asyncio.TimeoutError):
            seen.append("no answer")
        except Exception as error:
            seen.append(f"{type(error).__name__}: {error}"[:80])
        print(json.dumps(seen), flush=True)


async def mcp(url, headers, names):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with streamablehttp_client(url, headers=headers) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            await calls(lambda name: session.call_tool(name, {}), names)


async def fastmcp(url, headers, names):
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport

    async with Client(StreamableHttpTransport(url, headers=headers)) as client:
        await calls(lambda name: client.call_tool(name, {}), names)


task = json.load(sys.stdin)
run = {"mcp": mcp, "fastmcp": fastmcp}[task["package"]]
try:
    asyncio.run(run(task["url"], {"Authorization": f"Bearer {task['token']}"}, task["tools"]))
except BaseException as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
