"""Everything secured at once: TLS and client certificates at the API, TLS and SCRAM to Kafka, verify-full and a least-privilege role in PostgreSQL;
secrets come from variables and files, and nothing that Loom prints holds one of them."""
import hashlib, http.client, json, os, pathlib, pwd, socket, ssl, subprocess, uuid

import psycopg, pytest, yaml

from .support.databases import Postgres, PostgresServer
from .support.kafka import Kafka, free_port, wait_for
from .support.loom import Loom

SECRETS = {"kafka": "kafka-secret-7f3a", "database": "database-secret-91bc", "key": "tls-key-secret-55de", "api": "api-key-secret-c0ff"}


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def authority(folder, name):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")
    return folder / f"{name}.pem"


def issue(ca, name, password=None):
    """(certificate, key) signed by `ca`, made out to 127.0.0.1 and localhost."""
    folder = ca.parent
    cert, key, request, names = (folder / f"{name}.{end}" for end in ("crt", "key", "csr", "ext"))
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("req", "-newkey", "rsa:2048", "-subj", f"/CN={name}", "-keyout", key, "-out", request, *(["-passout", f"pass:{password}"] if password else ["-nodes"]))
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca.with_suffix(".key"), "-CAcreateserial", "-days", 2, "-extfile", names, "-out", cert)
    return cert, key


def secured_kafka(folder, ca):
    cert, key = issue(ca, "kafka")
    pem = folder / "kafka.pem"
    pem.write_text(key.read_text() + cert.read_text() + ca.read_text())
    port = free_port()
    kafka = Kafka(folder / "kafka", port, ("loom", SECRETS["kafka"]), **{
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL", "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512", "ssl.keystore.type": "PEM", "ssl.keystore.location": pem,
        "listener.name.secure.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;"})
    return kafka, f"127.0.0.1:{port}"


def secured_postgres(ca):
    """TLS only, SCRAM passwords; `loom` owns the tables, `loom_sink` may only fill them."""
    server = PostgresServer()
    server.stop()
    data = server.folder / "data"
    for source, name in zip(issue(ca, "postgres"), ("server.crt", "server.key")):
        (data / name).write_bytes(source.read_bytes())
        (data / name).chmod(0o600)
        if os.getuid() == 0:
            os.chown(data / name, pwd.getpwnam("postgres").pw_uid, -1)
    with open(data / "postgresql.conf", "a") as conf:
        conf.write("ssl = on\n")
    (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
    server.port, server.listen = free_port(), "127.0.0.1"
    server.start()
    with server.connect("postgres") as connection:
        connection.execute(f"ALTER ROLE loom PASSWORD '{SECRETS['database']}'")
        connection.execute(f"CREATE ROLE loom_sink LOGIN PASSWORD '{SECRETS['database']}'")
    return server


TOPICS = {"secure.plain": {"table": "plain"}, "secure.newest": {"table": "newest", "conflict_strategy": "update"}}


class Secured(Loom):
    """A Loom whose API speaks TLS and wants a client's certificate."""

    def client(self, certificate=True):
        context = ssl.create_default_context(cafile=self.ca)
        if certificate:
            context.load_cert_chain(*self.client_files)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)

    def ask(self, method, path, body=None, key=SECRETS["api"]):
        connection = self.client()
        try:
            connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json", "X-API-Key": key})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def write(self, change):
        whole = yaml.safe_load(self.config.read_text())
        change(whole)
        self.config.write_text(yaml.safe_dump(whole, sort_keys=False))

    def everything_said(self):
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))


@pytest.fixture(scope="module")
def it(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secured")
    ca = authority(folder, "ca")
    kafka, address = secured_kafka(folder, ca)
    server = secured_postgres(ca)
    database = Postgres(server, "secured")
    (folder / "database_password").write_text(SECRETS["database"] + "\n")
    cert, key = issue(ca, "api", SECRETS["key"])
    os.environ.update(TEST_KAFKA_PASSWORD=SECRETS["kafka"], TEST_KEY_PASSWORD=SECRETS["key"], TEST_DATABASE_USER="loom")
    properties = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "loom", "sasl.password": "${TEST_KAFKA_PASSWORD}",
                  "ssl.ca.location": str(ca)}
    database.url = (f"postgres://${{TEST_DATABASE_USER}}:${{file:database_password}}@127.0.0.1:{server.port}/secured?sslmode=verify-full&sslrootcert={ca}")
    catalogue = {"kafka": {"bootstrap": address, "properties": properties},
                 "message_types": {"plain": "secure.plain", "newest": "secure.newest", "feedback": "secure.feedback"},
                 "stages": {"secure-consumer": {"use": "sentiment", "input": "secure.feedback", "output": "secure.plain"},
                            "secure-sink": {"use": "store", "mappings": "topic_mappings.yml"}}}
    api = {"tls": {"cert": "api.crt", "key": "api.key", "key_password": "${TEST_KEY_PASSWORD}", "client_ca": "ca.pem"},
           "keys": [{"name": "phone", "sha256": hashlib.sha256(SECRETS["api"].encode()).hexdigest(), "types": ["plain", "newest", "feedback"]}]}
    it = Secured(folder, kafka, database, catalogue, TOPICS, api)
    it.ca, it.client_files, it.server = ca, issue(ca, "client"), server
    it.apply()
    os.environ["TEST_DATABASE_USER"] = "loom_sink"  # from here on: what production runs as
    with server.connect("secured") as connection:
        connection.execute("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO loom_sink")
    it.start("api")
    it.start("run", "secure-consumer")
    it.start("run", "secure-sink")
    try:
        wait_for(lambda: it.ask("GET", "/readyz")[0] == 200, 60, 0.1, it.everything_said)
        yield it
    finally:
        it.close()
        server.close()
        kafka.stop()


def test_messages_go_all_the_way(it):
    """New rows by COPY, repeats and overwrites by the careful way, all under the least-privilege role."""
    ids = [str(uuid.uuid4()) for _ in range(3)]

    def post(kind, number, data):
        message = {"message_type_id": kind, "device_id": "d", "message_id": ids[number], "data": data}
        status, text = it.ask("POST", "/ingest/message", message)
        assert status == 200, text
    post("plain", 0, {"n": 1})
    post("newest", 1, {"n": 1})
    post("feedback", 2, {"text": "I love it"})
    rows = lambda table: it.server.connect("secured").execute(f"SELECT message_id::text AS id, data->>'n' AS n FROM {table}").fetchall()
    wait_for(lambda: len(rows("plain")) == 2 and len(rows("newest")) == 1, 60, 0.1, it.everything_said)
    post("plain", 0, {"n": 1})
    post("newest", 1, {"n": 2})
    wait_for(lambda: rows("newest")[0]["n"] == "2", 60, 0.1, it.everything_said)
    assert sorted(row["id"] for row in rows("plain")) == sorted([ids[0], ids[2]])


@pytest.mark.parametrize("forbidden", ["DELETE FROM plain", "TRUNCATE plain", "DROP TABLE plain", "CREATE TABLE other (a int)", "ALTER TABLE plain ADD COLUMN x int"])
def test_the_role_can_do_no_more(it, forbidden):
    with psycopg.connect(host=str(it.server.folder), port=it.server.port, user="loom_sink", dbname="secured") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(forbidden)


def test_the_listener_refuses_who_is_not_invited(it):
    with socket.create_connection(("127.0.0.1", it.port), 10) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = plain.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 400") and "this port speaks TLS" in answer
    with pytest.raises((ssl.SSLError, ConnectionError)):  # no certificate of the client's
        connection = it.client(certificate=False)
        connection.request("GET", "/healthz")
        connection.getresponse()
    assert it.ask("POST", "/ingest/message", {}, key="wrong")[0] == 401



WRONG = {  # what is wrong, the command that meets it, what is said
    "kafka": (lambda c: c["kafka"]["properties"].update({"sasl.password": "wrong"}), ["topics", "plan"], "uthentication"),
    "kafka_ca": (lambda c: c["kafka"]["properties"].update({"ssl.ca.location": "other.pem"}), ["topics", "plan"], "certificate"),
    "database": (lambda c: c["database"].update(url=c["database"]["url"].replace("${file:database_password}", "wrong")), ["tables", "plan"], "password authentication"),
    "database_ca": (lambda c: c["database"].update(url=c["database"]["url"].replace("ca.pem", "other.pem")), ["tables", "plan"], "certificate"),
    "key_password": (lambda c: c["api"]["tls"].update(key_password="wrong"), ["api"], "api.key"),
    "key": (lambda c: c["api"]["tls"].update(key="client.key"), ["api"], "does not belong"),
    "variable": (lambda c: c["kafka"]["properties"].update({"sasl.password": "${TEST_UNSET}"}), ["topics", "plan"], "TEST_UNSET")}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_in_a_line_without_secrets(it, what):
    change, words, said = WRONG[what]
    if what.endswith("_ca"):
        authority(it.folder, "other")
    before = it.config.read_text()
    try:
        it.write(change)
        done = it.cli(*words, check=False)
        text = done.stdout + done.stderr
        assert done.returncode in (69, 78) and said in text and len(text.strip().splitlines()) == 1, (done.returncode, text)
        assert not any(secret in text for secret in SECRETS.values()), text
        assert it.cli("check", check=False).returncode == 78
    finally:
        it.config.write_text(before)


def test_nothing_that_loom_prints_holds_a_secret(it):
    it.write(lambda c: c.update(log={"level": "debug"}))
    it.start("api", name="debug-api").stop()
    said = it.everything_said() + it.ask("GET", "/metrics")[1] + it.ask("GET", "/openapi.json")[1] + it.ask("GET", "/ingest/message-types")[1]
    for words in (["check"], ["check", "--json"], ["docs"], ["lag"], ["topics", "plan"], ["tables", "plan"]):
        done = it.cli(*words, check=False)
        said += done.stdout + done.stderr
    for part in it.parts:
        if part.process.poll() is None:
            said += pathlib.Path(f"/proc/{part.process.pid}/cmdline").read_text()
    found = [name for name, secret in SECRETS.items() if secret in said]
    assert len(said) > 5000 and not found, found
