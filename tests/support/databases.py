"""The two real databases of the tests, behind one face: rows(sql) → list of dicts."""
import glob, os, pathlib, pwd, shutil, sqlite3, subprocess, tempfile

import psycopg
from psycopg.rows import dict_row

from .kafka import die_with_parent, wait_for


class Sqlite:
    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "loom.db"
        self.url = f"sqlite:{self.path}"

    def rows(self, sql, *values):
        with sqlite3.connect(self.path, timeout=30) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def execute(self, sql):
        with sqlite3.connect(self.path, timeout=30) as connection:
            connection.executescript(sql)


class PostgresServer:
    """A server of its own on a socket in a temporary folder; `stop`/`start` keep the data. `listen`: where else it listens.
    LOOM_TEST_POSTGRES names the folder of another version's programs."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="loom-pg-"))
        self.bin = pathlib.Path(os.environ.get("LOOM_TEST_POSTGRES") or sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "loom", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self.process, self.port, self.listen = None, 5432, ""
        self.start()

    def run(self, program, *words):
        subprocess.run([*self.as_user, self.bin / program, *words], check=True, capture_output=True, cwd="/")

    def start(self):
        log = open(self.folder.parent / (self.folder.name + ".log"), "a")
        self.process = subprocess.Popen([*self.as_user, self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, "-p", str(self.port), "-h", self.listen],
                                        stdout=log, stderr=log, preexec_fn=die_with_parent, cwd="/")
        wait_for(self.answers, 30, 0.1, lambda: "for PostgreSQL")

    def answers(self):
        try:
            self.connect("postgres").close()
            return True
        except psycopg.OperationalError:
            return False

    def connect(self, database):
        return psycopg.connect(host=str(self.folder), port=self.port, user="loom", dbname=database, autocommit=True, row_factory=dict_row)

    def stop(self, mode="fast"):
        self.run("pg_ctl", "stop", "-D", self.folder / "data", "-m", mode, "-w")
        self.process.wait(30)

    def close(self):
        if self.process.poll() is None:
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres:
    """One database of a PostgresServer."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        with server.connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        self.url = f"postgres://loom@/{name}?host={server.folder}"

    def rows(self, sql, *values):
        with self.server.connect(self.name) as connection:
            return connection.execute(sql.replace("?", "%s"), values or None).fetchall()

    def execute(self, sql):
        with self.server.connect(self.name) as connection:
            connection.execute(sql)
