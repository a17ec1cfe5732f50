#!/usr/bin/env python3
"""Debian's python3-websockets between a TCP connection and a WebSocket: what an emulator's modem in a page does.

ws-bridge.py URL: listens on a TCP port of 127.0.0.1, which it prints; each connection becomes a call to URL.
ws-bridge.py --serve PORT [SUBPROTOCOL]: the other way, a WebSocket server on a port that it prints; each call is a connection to
TCP port PORT. It agrees to SUBPROTOCOL only, and without one to none.
"""
import asyncio
import sys

import websockets


async def join(socket, reader, writer):
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


async def call(reader, writer):
    try:
        async with websockets.connect(sys.argv[1], subprotocols=["binary"], max_size=None, ping_interval=1) as socket:
            assert socket.subprotocol == "binary", socket.subprotocol
            await join(socket, reader, writer)
    finally:
        # a call that is refused is over at this end too
        writer.close()


async def called(socket, _path):
    assert socket.subprotocol == (sys.argv[3] if len(sys.argv) > 3 else None), socket.subprotocol
    await join(socket, *await asyncio.open_connection("127.0.0.1", int(sys.argv[2])))


async def main():
    if sys.argv[1] == "--serve":
        server = await websockets.serve(
            called, "127.0.0.1", 0, subprotocols=sys.argv[3:] or None, max_size=None, ping_interval=1
        )
    else:
        server = await asyncio.start_server(call, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Future()


asyncio.run(main())
