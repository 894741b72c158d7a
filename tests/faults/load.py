"""A client of one API: steady batches and single messages of several types, Zipf keys, its own message ids. It keeps asking
until each message has its 200, with the same id, and enters in the books what it was told. It says some things twice."""
import base64, collections, datetime, http.client, json, random, struct, threading, time, uuid, wave

from ..support.kafka import ROOT
from .books import Sent

DEVICES = 40
SENTENCES = ["I love it", "this is terrible", "it works", "not bad at all", "never again", "wonderful and quick"]


def length_of(n):
    """In units of 10 ms: by it an engine's answer is known."""
    return 5 + n % 50


def wav(n):
    count = 80 * length_of(n)
    sound = struct.pack(f"<{count}h", *[(n * 7919 + i * 31) % 20000 - 10000 for i in range(count)])
    return b"RIFF" + struct.pack("<I", 36 + len(sound)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + \
        struct.pack("<I", len(sound)) + sound


DATA = {
    "reading": lambda n: {"n": n},
    "note": lambda n: {"n": n, "text": SENTENCES[n % len(SENTENCES)]},
    "sound": lambda n: {"n": n, "chunk_data": base64.b64encode(wav(n)).decode()},
    "web": lambda n: {"n": n},
    "job": lambda n: {"n": n},
}
ANSWER = {"sound": lambda n: f"heard {length_of(n)}", "web": lambda n: f"heard {n}", "job": lambda n: n}
FULL = "urn:loom:problem:full"
AHEAD = "this server's clock is too far ahead for Kafka"


class Speakers:
    """Devices that send one recording over and over, a second of it a message."""
    RATE = 16000
    SILENT = (2, 11, 12)  # of its 13 seconds; in 2 is a quarter of a second of speech, which is none by itself (after an outage)

    def __init__(self, chance):
        with wave.open(str(ROOT / ".deps/testdata/jfk.wav")) as file:
            self.sound = file.readframes(file.getnframes()) + bytes(4 * self.RATE)  # two seconds of silence
        self.chance, self.seconds, self.began = chance, collections.Counter(), int(time.time())

    def say(self, n):
        device = f"speaker-{self.chance.randrange(3)}"
        at, self.seconds[device] = self.seconds[device], self.seconds[device] + 1
        begin = at * 2 * self.RATE % len(self.sound)
        piece = (self.sound + self.sound)[begin:begin + 2 * self.RATE]
        when = datetime.datetime.fromtimestamp(self.began + at, datetime.timezone.utc).isoformat()
        body = {"recorded_at": when, "data": {"n": n, "sample_rate": self.RATE, "chunk_data": base64.b64encode(piece).decode()}}
        return body, Sent("speech", device, n, time.time(), may_drop=at % 13 in self.SILENT)


class Load:
    def __init__(self, port, prefix, books, mix, seed):
        """`mix`: how many of each kind a batch has."""
        self.port, self.prefix, self.books, self.mix, self.chance = port, prefix, books, mix, random.Random(seed)
        self.n, self.again, self.interval, self.repeats, self.is_done = 0, [], 0.25, 0.01, False
        self.padding, self.replies, self.failure = 0, 0, None  # characters more in each message
        self.refused = collections.Counter()  # by type, and by what was said
        self.connection, self.speakers = None, Speakers(self.chance)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self):
        self.is_done = True
        self.thread.join(60)
        assert not self.thread.is_alive(), "the load did not get its last answers within 60 s"
        self.check()

    def check(self):
        """An answer that makes no sense has ended it: nothing after that is a proof."""
        if self.failure:
            raise AssertionError(f"the load ended: {self.failure!r}")

    def _message(self, kind):
        self.n += 1
        body, sent = self.speakers.say(self.n) if kind == "speech" else self._say(kind)
        if self.padding:
            body["data"]["padding"] = "x" * self.padding
        identity = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        self.books.offer(identity, sent)
        return {"message_type_id": f"{self.prefix}_{kind}", "message_id": identity, "device_id": sent.device, **body}

    def _say(self, kind):
        device = f"device-{min(int(self.chance.paretovariate(0.8)), DEVICES)}"
        answer = ANSWER[kind](self.n) if kind in ANSWER else None
        return {"data": DATA[kind](self.n)}, Sent(kind, device, self.n, time.time(), answer=answer)

    def _run(self):
        try:
            self._go_on()
        except Exception as failure:  # told by `check`, in a thread that somebody looks at
            self.failure = failure

    def _go_on(self):
        due, turn = time.monotonic(), 0
        while not self.is_done:
            batch = [self._message(kind) for kind, count in self.mix.items() for _ in range(count)]
            self.chance.shuffle(batch)
            batch.sort(key=lambda message: message.get("recorded_at", ""))  # speech in its order
            repeated = [m for m in self.again if self.chance.random() < self.repeats]
            turn += 1
            if turn % 10 == 0:
                self._deliver(batch[:1], single=True)
                batch = batch[1:]
            self._deliver(batch + repeated)
            self.again = (batch + self.again)[:200]
            due = max(due + self.interval, time.monotonic() - self.interval)
            time.sleep(max(0.0, due - time.monotonic()))

    def _deliver(self, messages, single=False):
        left = messages
        while left:
            answers = self._post("/ingest/message", left[0]) if single else self._post("/ingest/batch", left)
            rest, self.replies = [], self.replies + 1
            for message, answer in zip(left, answers or [{}] * len(left), strict=True):
                if answer.get("status") == "success":
                    assert answer["message_id"] == message["message_id"], f"asked about {message['message_id']}, answered {answer}"
                    self.books.accept(message["message_id"], answer["topic"], answer["partition"], answer["offset"], time.time(), self.replies)
                else:
                    rest.append(message)
            left = rest
            if left:
                time.sleep(0.05)

    def _post(self, path, body):
        """One answer for each message, or None when there is none."""
        try:
            if not self.connection:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=4)
            self.connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
            reply = self.connection.getresponse()
            answer = json.loads(reply.read())
            results = answer["results"] if "results" in answer else [answer]
            self.refused.update(word for one in results for word in (one.get("type"), one.get("detail")) if word)
            return results if reply.status in (200, 207) else None
        except (OSError, http.client.HTTPException, ValueError):
            if self.connection:
                self.connection.close()
            self.connection = None
            return None
