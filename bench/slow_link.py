"""A link to Kafka that carries so many bytes a second and no more: a proxy in a process of its own.
   link = SlowLink(port, 4 << 20);  link.port;  link.close()"""
import asyncio, multiprocessing, time

from tests.support.kafka import die_with_parent, free_port

PIECE = 32 << 10


async def pump(reader, writer, wait_for_room):
    try:
        while piece := await reader.read(PIECE):
            await wait_for_room(len(piece))
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(port, to, rate):
    free_at = time.monotonic()

    async def on_the_link(size):
        nonlocal free_at
        free_at = max(free_at, time.monotonic()) + size / rate
        await asyncio.sleep(max(0, free_at - time.monotonic()))

    async def at_once(_):
        pass

    async def connected(reader, writer):
        far_reader, far = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pump(reader, far, on_the_link), pump(far_reader, writer, at_once))

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=PIECE)
    await server.serve_forever()


def main(port, to, rate):
    die_with_parent()
    asyncio.run(serve(port, to, rate))


class SlowLink:
    def __init__(self, to, rate):
        self.port = free_port()
        self.process = multiprocessing.get_context("spawn").Process(target=main, args=(self.port, to, rate), daemon=True)
        self.process.start()

    def close(self):
        self.process.kill()
