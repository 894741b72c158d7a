"""What a hostile client can do to the API: nothing grows past its budget, what never ends is cut off, and others are served meanwhile."""
import json, pathlib, re, resource, select, socket, time

import pytest

from .support.kafka import wait_for
from .support.loom import Loom

MIB = 1 << 20
BUDGET = 32
GPS = {"message_type_id": "note", "device_id": "d", "data": {"text": "x"}}


def rss_mib(part):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{part.process.pid}/status").read_text())[1]) / 1024


@pytest.fixture(scope="module")
def api(tmp_path_factory, kafka):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 30_000), hard))  # the API inherits it
    types = {"note": {"topic": "limits.note", "fields": {"text": "string"}}}
    it = Loom(tmp_path_factory.mktemp("limits"), kafka, None, {"message_types": types}, api={"budget": f"{BUDGET}MiB", "max_batch_body": "16MiB", "max_connections": 11_000, "idle_timeout": "120s"})
    it.apply()
    it.part = it.start_api()
    it.post(GPS)
    it.base = rss_mib(it.part)
    yield it
    it.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(api):
    return socket.create_connection(("127.0.0.1", api.port), 30)


def head(path, *lines):
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *lines, "", ""]).encode()


def push(client, piece, times):
    """Sends until the peer stops it; returns what it said. It has to stop it long before the end."""
    sent = 0
    try:
        for _ in range(times):
            client.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    assert sent < times * len(piece) * 0.9, "it took everything"
    try:
        return client.recv(65536).decode(errors="replace")
    except OSError:
        return ""


def still_serves(api):
    status, answer = api.post(GPS)
    assert status == 200, answer
    assert rss_mib(api.part) < api.base + 3 * BUDGET, "the budget bounds what is held"


def test_bodies_without_end(api):
    declared = connect(api)
    declared.sendall(head("/ingest/message", f"Content-Length: {1 << 30}"))
    assert " 413 " in declared.recv(4096).decode()
    push(declared, b"x" * MIB, 1024)  # it does not listen
    chunk = b"%x\r\n" % MIB + b"x" * MIB + b"\r\n"
    chunked = connect(api)
    chunked.sendall(head("/ingest/batch", "Transfer-Encoding: chunked"))
    said = push(chunked, chunk, 1024)
    assert said == "" or " 413 " in said or " 503 " in said, said[:200]
    field = connect(api)
    begun = json.dumps(GPS)[:-3].encode()  # within the text
    field.sendall(head("/ingest/message", "Transfer-Encoding: chunked") + b"%x\r\n" % len(begun) + begun + b"\r\n")
    said = push(field, chunk, 100)
    assert said == "" or " 413 " in said or " 503 " in said, said[:200]
    still_serves(api)


def test_many_large_bodies_at_once(api):
    """Each is allowed alone; together they are over the budget: some get 503 with Retry-After, none is half taken."""
    clients = [connect(api) for _ in range(64)]
    for client in clients:
        client.sendall(head("/ingest/batch", f"Content-Length: {4 * MIB}", "Expect: 100-continue"))
    said = [client.recv(4096).decode() for client in clients]
    refused = [text for text in said if " 503 " in text]
    assert refused and all("Retry-After:" in text for text in refused) and len(refused) < len(said)
    for client in clients:
        client.close()
    wait_for(lambda: api.post(GPS)[0] == 200, 30)
    still_serves(api)


def test_heads_without_end(api):
    client = connect(api)
    client.sendall(b"GET /healthz HTTP/1.1\r\n")
    said = push(client, b"X-Flood: " + b"y" * 1000 + b"\r\n", 10_000)
    assert said == "" or " 431 " in said, said[:200]
    still_serves(api)


def test_pipelined_requests_whose_answers_are_not_read(api):
    """One is worked at a time and answers are not piled up: the client is no more read, then cut off."""
    body = json.dumps(GPS).encode()
    one = head("/ingest/message", f"Content-Length: {len(body)}") + body
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # before it connects, or the window is large already
    client.connect(("127.0.0.1", api.port))
    client.settimeout(3)
    sent, watch = 0, select.poll()
    watch.register(client, select.POLLHUP)
    try:
        for _ in range(200):
            sent += client.send(one * 500)
    except OSError:
        pass
    assert sent < 200 * 500 * len(one), "it answers into the void"
    still_serves(api)
    assert watch.poll(60_000), "a client that does not read is cut off"
    client.close()


def test_slow_clients_are_cut_off(api):
    """Slow heads and bodies get 408 and a close, however they drip; the server's own time limits, so up to half a minute."""
    slow = {"head": b"GET /healthz HT", "body": head("/ingest/message", "Content-Length: 100") + b"{"}
    clients = {name: connect(api) for name in slow for _ in range(1)}
    for name, start in slow.items():
        clients[name].sendall(start)
    end = time.monotonic() + 60
    ended = {}
    while len(ended) < len(clients) and time.monotonic() < end:
        for name, client in clients.items():
            if name in ended:
                continue
            client.settimeout(0.5)
            try:
                ended[name] = client.recv(4096).decode()
            except socket.timeout:
                try:
                    client.sendall(b"x")
                except OSError:
                    ended[name] = ""
    assert set(ended) == set(clients) and all(text == "" or " 408 " in text for text in ended.values()), ended
    still_serves(api)


def test_ten_thousand_idle_connections(api):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 11_500:
        pytest.skip("this machine allows too few open files")
    idle = [connect(api) for _ in range(10_000)]
    try:
        wait_for(lambda: int(re.search(rb"^loom_http_connections (\d+)", api.get("/metrics")[2], re.M)[1]) >= 10_000, 60)
        assert rss_mib(api.part) < api.base + 200, "an idle connection costs no more than 20 KB"
        status, answer = api.post(GPS)
        assert status == 200, answer
    finally:
        for client in idle:
            client.close()
