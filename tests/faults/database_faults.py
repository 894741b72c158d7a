"""The databases: restarted, stopped, cut off between rows and COMMIT, impatient, locked, altered, dropped and restored, full, read-only."""
import os, pathlib, sqlite3, time

from ..support.kafka import wait_for
from .fault import Fault, last


def restart(mode):
    def act(scene):
        server = scene.pipe.database.server
        server.stop(mode)
        last(scene.chance.uniform(0, 4), scene)
        server.start()
        scene.healed()
    return act


HOLD = """CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$"""
WHEN = {"before COMMIT": "CREATE TRIGGER hold AFTER INSERT ON {} FOR EACH STATEMENT EXECUTE FUNCTION hold()",
        "in COMMIT": "CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON {} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold()"}
LOCKED = "SELECT pid FROM pg_stat_activity WHERE application_name = 'loom' AND wait_event_type = 'Lock'"
HELD = "SELECT pid FROM pg_stat_activity WHERE application_name = 'loom' AND wait_event = 'advisory'"


def terminated(when):
    """A trigger holds the sink's transaction when its rows are written; there its server process is ended, three times."""
    def act(scene):
        database, table = scene.pipe.database, scene.pipe.routes["reading"].table
        with database.server.connect(database.name) as connection:
            connection.execute(HOLD)
            connection.execute("SELECT pg_advisory_lock(42)")
            connection.execute(WHEN[when].format(table))
            for _ in range(3):
                held = wait_for(lambda: connection.execute(HELD).fetchall(), 30, 0.02, lambda: "for a held transaction")
                connection.execute("SELECT pg_terminate_backend(%s, 5000)", [held[0]["pid"]])
            connection.execute("SELECT pg_advisory_unlock(42)")
            connection.execute(f"DROP TRIGGER hold ON {table}")
        scene.healed()
    return act


def until_refused(scene, seconds):
    """So long, and at least until PostgreSQL has told Loom an error."""
    server = scene.pipe.database.server
    before = server.complaints()
    last(seconds, scene)
    wait_for(lambda: server.complaints() > before, 30, 0.05, lambda: "for an error that PostgreSQL tells the sink")


def any_table(scene):
    return scene.chance.choice(list(scene.pipe.routes.values())).table


def statement_timeout(scene):
    """Rows need 200 ms, statements get 50."""
    database, table = scene.pipe.database, scene.pipe.routes["reading"].table
    again = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'loom'"
    database.execute("CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$")
    database.execute(f"CREATE TRIGGER slow AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION slow()")
    database.execute(f'ALTER DATABASE "{database.name}" SET statement_timeout = 50')
    database.execute(again)
    try:
        until_refused(scene, 4)
    finally:
        database.execute(f'ALTER DATABASE "{database.name}" RESET statement_timeout')
        database.execute(f"DROP TRIGGER slow ON {table}")
        database.execute(again)
    scene.healed()


def lock_held(scene):
    database, table = scene.pipe.database, any_table(scene)
    with database.server.connect(database.name) as connection, connection.transaction():
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        wait_for(lambda: connection.execute(LOCKED).fetchall(), 30, 0.05, lambda: "for a sink that waits for the lock")
        last(5, scene)
    scene.healed()


def altered(scene):
    database, table = scene.pipe.database, any_table(scene)
    database.execute(f"ALTER TABLE {table} RENAME COLUMN n TO was_n")
    database.execute(f"ALTER TABLE {table} ADD COLUMN extra_{scene.chance.getrandbits(32)} integer")
    try:
        until_refused(scene, 3)
    finally:
        database.execute(f"ALTER TABLE {table} RENAME COLUMN was_n TO n")
    scene.healed()


def dropped(scene):
    """Its rows are saved, it is gone for three seconds, then another table of that name has them."""
    database, table = scene.pipe.database, any_table(scene)
    database.execute(f"ALTER TABLE {table} RENAME TO {table}_saved")
    try:
        until_refused(scene, 3)
    finally:
        database.execute(f"BEGIN; CREATE TABLE {table} (LIKE {table}_saved INCLUDING ALL); INSERT INTO {table} SELECT * FROM {table}_saved; "
                         f"ALTER SEQUENCE {table}_seq_seq OWNED BY {table}.seq; DROP TABLE {table}_saved; COMMIT")
    scene.healed()


def disk_full(scene):
    """Its file system is filled to the last byte, for four seconds from when the sink says so."""
    ballast = pathlib.Path(scene.pipe.database.disk) / "ballast"
    scene.pipe.database.shrink()  # else what is written next may have its place already
    heard, end, told = scene.heard("sink"), time.monotonic() + 30, False  # it says so every 10 s
    try:
        with open(ballast, "wb", buffering=0) as file:
            while time.monotonic() < end:
                try:
                    file.write(bytes(65536))
                except OSError:
                    last(0.05, scene)
                if not told and heard.has("No space left", "is full"):
                    told, end = True, time.monotonic() + 4
    finally:
        ballast.unlink()
    assert told, f"no sink of {scene.pipe.name} found the disk full"
    scene.healed()


def sqlite_locked(scene):
    connection = sqlite3.connect(scene.pipe.database.path, timeout=30, isolation_level=None)
    heard = scene.heard("sink")
    connection.execute("BEGIN EXCLUSIVE")
    try:
        last(scene.chance.uniform(4, 8), scene)
        heard.wait_for("database is locked")
    finally:
        connection.execute("ROLLBACK")
        connection.close()
    scene.healed()


def sqlite_read_only(scene):
    """The file may not be written; the sink is started again, so that it opens it so."""
    path = scene.pipe.database.path
    heard = scene.heard("sink")
    for file in path.parent.glob(path.name + "*"):
        os.chmod(file, 0o444)
    try:
        scene.part("sink").restart()
        last(4, scene)
        heard.wait_for("readonly database")
    finally:
        for file in path.parent.glob(path.name + "*"):
            os.chmod(file, 0o644)
    scene.healed()


FAULTS = [
    Fault("PostgreSQL restarted", restart("fast"), on="postgres", touches="database"),
    Fault("PostgreSQL stopped at once", restart("immediate"), on="postgres", touches="database"),
    *[Fault(f"server process ended {'between rows and COMMIT' if when == 'before COMMIT' else when}, three times", terminated(when), on="postgres", touches="database")
      for when in WHEN],
    Fault("statement timeout", statement_timeout, on="postgres", touches="database"),
    Fault("table locked for 5 s", lock_held, on="postgres", touches="database"),
    Fault("column renamed and back, another added", altered, on="postgres", touches="database"),
    Fault("table dropped and restored", dropped, on="postgres", touches="database"),
    Fault("disk full", disk_full, touches="database", root=True),
    Fault("SQLite locked", sqlite_locked, on="sqlite", touches="database"),
    Fault("SQLite read-only, sink restarted", sqlite_read_only, on="sqlite", touches="database"),
]
