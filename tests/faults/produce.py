"""Kafka's framing as far as the proxy needs it: which answers belong to Produce, and where the first error code lies in one."""
import struct

OUT_OF_ORDER_SEQUENCE_NUMBER = 45


class Frames:
    """Where frames begin in a stream that comes in pieces: `heads(data)` → [(offset in data, the frame's first bytes)]."""

    def __init__(self, size):
        self.size, self.left, self.head = size, 0, b""

    def heads(self, data):
        found, at = [], 0
        while at < len(data):
            if self.left:
                step = min(self.left, len(data) - at)
                self.left -= step
                at += step
                continue
            start = at - len(self.head)
            piece = self.head + data[at:at + self.size - len(self.head)]
            at += len(piece) - len(self.head)
            if len(piece) < self.size:
                self.head = piece
                break
            self.head, self.left = b"", struct.unpack("!i", piece[:4])[0] + 4 - self.size
            found.append((start, piece))
        return found


class Tap:
    """Follows one connection; `waiting` has the Produce requests without an answer: correlation id → version."""

    def __init__(self):
        self.requests, self.answers, self.waiting = Frames(12), Frames(8), {}

    def saw(self, data, is_request):
        """The Produce answers that begin in `data`: [(offset, version)]."""
        if is_request:
            for _, head in self.requests.heads(data):
                _, api, version, correlation = struct.unpack("!ihhi", head)
                if api == 0:
                    self.waiting[correlation] = version
            return []
        known = []
        for start, head in self.answers.heads(data):
            version = self.waiting.pop(struct.unpack("!ii", head)[1], None)
            if version is not None:
                known.append((start, version))
        return known

    def spoil(self, data, trouble):
        """The first partition's error code in each Produce answer, until it has happened `trouble.value` times."""
        changed = bytearray(data)
        for start, version in self.saw(data, False):
            at = start + error_code_at(data[start:], version)
            if start >= 0 and trouble.happened < trouble.value and at + 2 <= len(data):
                changed[at:at + 2] = struct.pack("!h", OUT_OF_ORDER_SEQUENCE_NUMBER)
                trouble.happened += 1
        return bytes(changed)


def error_code_at(frame, version):
    """Topics of one byte-length each (shorter than 127): size, correlation, [tags], count, name, count, index, error code."""
    if version >= 9:
        name = frame[10] - 1
        return 4 + 4 + 1 + 1 + 1 + name + 1 + 4
    name = struct.unpack("!h", frame[12:14])[0]
    return 4 + 4 + 4 + 2 + name + 4 + 4
