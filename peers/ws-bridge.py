#!/usr/bin/env python3
"""Debian's python3-websockets between a TCP connection and a WebSocket: what an emulator's modem in a page does.

ws-bridge.py URL: listens on a TCP port of 127.0.0.1, which it prints; each connection becomes a call to URL.
"""
import asyncio
import sys

import websockets


async def call(reader, writer):
    async with websockets.connect(sys.argv[1], subprotocols=["binary"], max_size=None, ping_interval=1) as socket:
        assert socket.subprotocol == "binary", socket.subprotocol

        async def there():
            while data := await reader.read(4096):
                await socket.send(data)
            await socket.close()

        async def back():
            async for message in socket:
                assert isinstance(message, bytes), "a text message"
                writer.write(message)
                await writer.drain()
            writer.close()

        await asyncio.gather(there(), back())


async def main():
    server = await asyncio.start_server(call, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
