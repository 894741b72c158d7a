"""The pipelines' databases. look(table, after) → rows as (seq, identity, part, device, n, landed), or None while it can't be asked.
landed: by what rows are in order, PostgreSQL's by when their transaction began, SQLite's (one writer) by their place."""
import os, sqlite3

import psycopg
from psycopg.rows import dict_row

from ..support.databases import PostgresServer
from ..support.kafka import wait_for


class Server(PostgresServer):
    """Started by the Keeper, because its child dies with the thread that made it."""

    def __init__(self, keeper):
        self.keeper = keeper
        super().__init__()

    def start(self):
        command = [*self.as_user, self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h", "", "-c", "log_line_prefix=%a: "]
        self.process = self.keeper.spawn(command, self.log)
        wait_for(self.answers, 30, 0.05, lambda: "for PostgreSQL")

    @property
    def log(self):
        return self.folder.parent / (self.folder.name + ".log")

    def complaints(self):
        """Errors that it has told Loom so far."""
        return self.log.read_bytes().count(b"loom: ERROR:")

    def connect(self, database):
        """Whatever timeouts are set for others."""
        return psycopg.connect(host=str(self.folder), user="loom", dbname=database, autocommit=True, row_factory=dict_row, options="-c statement_timeout=0")

    def lend(self, folder):
        """Makes a folder that the server's account owns."""
        folder.mkdir()
        owner = self.folder.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        return folder


class Postgres:
    """Loom reaches it through a proxy (target `postgres-NAME`), the checker by its socket."""
    prefix = []

    def __init__(self, world, name, disk):
        """disk: a folder on a small file system for its tables, or None."""
        self.server, self.name, self.disk = Server(world.keeper), name, disk
        world.servers.append(self.server)
        with self.server.connect("postgres") as connection:
            if disk:
                connection.execute(f"CREATE TABLESPACE small LOCATION '{self.server.lend(disk / 'tables')}'")
            connection.execute(f'CREATE DATABASE "{name}"' + (" TABLESPACE small" if disk else ""))
        port = world.network.open(f"postgres-{name}", str(self.server.folder / ".s.PGSQL.5432"))
        self.url = f"postgres://loom@127.0.0.1:{port}/{name}?sslmode=disable"
        self.connection = None

    def execute(self, sql, *values):
        with self.server.connect(self.name) as connection:
            cursor = connection.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def prepare(self, tables):
        for table in tables:
            self.execute(f"ALTER TABLE {table} ADD COLUMN seq bigserial, ADD COLUMN landed timestamptz DEFAULT now()")
            self.execute(f"CREATE INDEX ON {table} (seq)")

    def shrink(self):
        pass

    def look(self, table, after):
        try:
            if not self.connection or self.connection.closed:
                self.connection = psycopg.connect(host=str(self.server.folder), user="loom", dbname=self.name, autocommit=True, application_name="checker",
                                                  options="-c statement_timeout=1000")
            return self.connection.execute(f"SELECT seq, message_id::text, part, device_id, n, extract(epoch FROM landed)::float FROM {table} WHERE seq > %s ORDER BY seq",
                                           [after]).fetchall()
        except psycopg.errors.QueryCanceled:
            return None
        except psycopg.Error:
            self.connection = None
            return None


class Sqlite:
    def __init__(self, folder, disk):
        self.path, self.disk = folder / "loom.db", disk
        self.url = f"sqlite:{self.path}"
        # root writes what is read-only; without these capabilities it is as others are
        self.prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []

    def connect(self):
        return sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=0.5)

    def execute(self, sql, *values):
        with sqlite3.connect(self.path, timeout=30) as connection:
            return connection.execute(sql, values).fetchall()

    def prepare(self, tables):
        pass

    def shrink(self):
        """The log that is written first begins anew with no byte."""
        def done():
            with sqlite3.connect(self.path, timeout=30) as connection:
                return connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        wait_for(done, 30, 0.05, lambda: "for the write-ahead log to be emptied")

    def look(self, table, after):
        try:
            connection = self.connect()
            try:
                return connection.execute(f"SELECT rowid, message_id, part, device_id, n, rowid FROM {table} WHERE rowid > ? ORDER BY rowid", [after]).fetchall()
            finally:
                connection.close()
        except sqlite3.Error:
            return None
