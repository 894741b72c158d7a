"""A fault that met nothing is no fault: it is told, and connections are known for what they are."""
import os, socket, subprocess, sys

import pytest

from .network import Network
from .proxy import Proxies

CONNECT = """
import socket, sys
one = socket.socket()
one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
one.bind(("127.0.0.1", int(sys.argv[1])))
one.connect(("127.0.0.1", int(sys.argv[2])))
print("connected", flush=True)
sys.stdin.read()
"""


def listening():
    server = socket.create_server(("127.0.0.1", 0))
    return server, server.getsockname()[1]


def test_two_connections_from_one_port_are_told_apart():
    (first, one), (second, two) = listening(), listening()
    with first, second, socket.socket() as mine:
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        mine.bind(("127.0.0.1", 0))
        port = mine.getsockname()[1]
        with subprocess.Popen([sys.executable, "-c", CONNECT, str(port), str(one)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout.readline() == "connected\n"
            mine.connect(("127.0.0.1", two))
            proxies = Proxies()
            proxies.labels = {other.pid: "other", os.getpid(): "mine"}
            assert proxies.pid_of(port, one) == other.pid
            assert proxies.pid_of(port, two) == os.getpid()
            assert proxies.pid_of(port, port) == 0


def test_a_trouble_that_meets_nothing_is_told():
    network = Network()
    try:
        with pytest.raises(AssertionError, match="anything between nobody and broker-1 that `delay` could meet"):
            with network.trouble("delay", "nobody", "broker-1", 0.5, patience=0.2):
                pass
    finally:
        network.close()


def test_the_answer_to_a_commit_is_lost_when_the_server_has_committed():
    network, (server, port) = Network(), listening()
    try:
        with server, socket.create_connection(("127.0.0.1", network.open("postgres-x", port))) as client:
            far, _ = server.accept()
            with far, network.trouble("commit", "*", "postgres-x", 1, patience=5) as happened:
                client.sendall(b"INSERT")
                assert far.recv(100) == b"INSERT"
                far.sendall(b"INSERT 0 1\0")
                assert client.recv(100) == b"INSERT 0 1\0"
                client.sendall(b"COMMIT")
                assert far.recv(100) == b"COMMIT" and happened() == 0
                far.sendall(b"COMMIT\0")
                assert client.recv(100) == b"" and happened() == 1
    finally:
        network.close()
