"""A small WebSocket client (RFC 6455), blocking: text and binary frames out, whole messages in. Raises Closed(code)."""
import base64, os, socket, struct


class Closed(Exception):
    """The peer closed; `code` is the close code, 1006 without a close frame."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class WebSocket:
    """status is 101 when it is open, else what the server answered."""

    def __init__(self, port, path, headers=None, seconds=60):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.file = self.socket.makefile("rb")
        lines = {"Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                 "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), **(headers or {})}
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n".encode() + b"".join(f"{k}: {v}\r\n".encode() for k, v in lines.items()) + b"\r\n")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline() not in (b"\r\n", b""):
            pass

    def frame(self, opcode, data):
        size = len(data)
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size) if size < 126 else \
            struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size) if size < 65536 else struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        mask = os.urandom(4)
        masked = (int.from_bytes(data, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")
        return head + mask + masked

    def send(self, data):
        """A str goes as a text frame, bytes as a binary one."""
        self.socket.sendall(self.frame(1, data.encode()) if isinstance(data, str) else self.frame(2, data))

    def receive(self):
        """The next message, str or bytes; answers pings on the way."""
        while True:
            head = self.file.read(2)
            if len(head) < 2:
                raise Closed(1006)
            opcode, size = head[0] & 15, head[1]
            if size > 125:
                size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
            data = self.file.read(size)
            if opcode == 8:
                self.socket.sendall(self.frame(8, data[:2]))
                raise Closed(int.from_bytes(data[:2], "big") if data else 1005)
            if opcode == 9:
                self.socket.sendall(self.frame(10, data))
            elif opcode in (1, 2):
                return data.decode() if opcode == 1 else data

    def close(self):
        """Without a goodbye, as a client that is gone."""
        self.file.close()
        self.socket.close()
