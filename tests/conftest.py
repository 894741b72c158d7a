"""Fixtures: one real Kafka and one real PostgreSQL a session; each test has a folder, topics and a database of its own."""
import itertools

import pytest

from .support.databases import Postgres, PostgresServer, Sqlite
from .support.kafka import Kafka
from .support.loom import Loom

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def postgres_server():
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path):
    """Both databases, one after the other."""
    if request.param == "sqlite":
        return Sqlite(tmp_path)
    return Postgres(request.getfixturevalue("postgres_server"), f"t{next(numbers)}")


@pytest.fixture
def sqlite(tmp_path):
    return Sqlite(tmp_path)


@pytest.fixture
def postgres(postgres_server):
    return Postgres(postgres_server, f"t{next(numbers)}")


@pytest.fixture
def prefix():
    """Makes a test's topics and groups its own on the shared broker."""
    return f"t{next(numbers)}"


@pytest.fixture
def loom(tmp_path, kafka):
    """loom(database, catalogue, mappings) → Loom; all its processes end with the test."""
    made = []

    def make(database, catalogue, mappings=None):
        made.append(Loom(tmp_path, kafka, database, catalogue, mappings))
        return made[-1]

    yield make
    for one in made:
        one.close()
