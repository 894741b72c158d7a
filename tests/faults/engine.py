"""An HTTP engine (OpenAI's /v1/audio/transcriptions) and a service (`use: http`) with manners: fine, slow, hanging, rubbish, failing (500), down.
It says what it was asked, so that an answer given to another message shows."""
import asyncio, itertools, json

RUBBISH = [b"<html>no</html>", b"[1,2", b"{}", b'{"text": 7}', b"\xff\xfe\x00"]


def heard_in(body):
    """A message's n; of a WAV its length in units of 10 ms (16 kHz, 16 bits)."""
    if (at := body.find(b"RIFF")) >= 0:
        return round(int.from_bytes(body[at + 40:at + 44], "little") / 320)
    return json.loads(body)["message"]["data"]["n"]


class Engine:
    def __init__(self):
        self.mood, self.asked, self.server, self.port, self.writers, self.rubbish = "fine", 0, None, 0, set(), itertools.cycle(RUBBISH)

    async def start(self):
        self.server = await asyncio.start_server(self.talk, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self.port

    async def become(self, mood):
        if mood == "down":
            self.server.close()
        elif self.mood == "down":
            await self.start()
        self.mood, self.asked = mood, 0
        if mood in ("down", "fine"):
            for writer in list(self.writers):
                writer.transport.abort()

    async def talk(self, reader, writer):
        self.writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
                await self.reply(writer, await reader.readexactly(size))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.writers.discard(writer)
            writer.transport.abort()

    async def reply(self, writer, question):
        self.asked += 1
        if self.mood == "hanging":
            await asyncio.sleep(3600)
        if self.mood == "slow":
            await asyncio.sleep(0.7)
        status, body = "200 OK", b""
        if self.mood == "rubbish":
            body = next(self.rubbish)
        elif self.mood == "failing":
            status, body = "500 Internal Server Error", b"{}"
        else:
            said = {"text": f"heard {heard_in(question)}"}
            body = json.dumps({**said, "result": said}).encode()
        writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
