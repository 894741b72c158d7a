"""A broker with TLS and SASL: `kafka.properties` reaches every client of Loom's, and a wrong password is named."""
import subprocess

from .support.kafka import Kafka, free_port, value_of
from .support.loom import Loom


def secured(folder):
    """(Kafka, its secured address, the CA's file): SASL_SSL with PLAIN, user loom, password secret."""
    port, pem = free_port(), folder / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=loom-test", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "ca.pem"], check=True, capture_output=True)
    key = subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", folder / "key.pem"], check=True, capture_output=True, text=True).stdout
    pem.write_text(key + (folder / "ca.pem").read_text())
    login = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_loom="secret";'
    kafka = Kafka(folder / "kafka", port, **{
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL", "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN", "listener.name.secure.plain.sasl.jaas.config": login, "ssl.keystore.type": "PEM", "ssl.keystore.location": pem})
    return kafka, f"127.0.0.1:{port}", folder / "ca.pem"


def test_a_pipeline_over_tls_and_sasl(tmp_path, sqlite):
    kafka, address, ca = secured(tmp_path)
    properties = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.username": "loom", "sasl.password": "secret", "ssl.ca.location": str(ca)}
    catalogue = {"kafka": {"bootstrap": address, "properties": properties},
                 "message_types": {"feedback": "secure.feedback"},
                 "stages": {"secure-consumer": {"use": "sentiment", "input": "secure.feedback", "output": "secure.results"},
                            "secure-sink": {"use": "store", "mappings": "topic_mappings.yml"}}}
    it = Loom(tmp_path, kafka, sqlite, catalogue, {"secure.results": {"table": "results"}})
    try:
        it.apply()
        it.start_api()
        for group in ("secure-consumer", "secure-sink"):
            it.start("run", group)
        it.post_all([{"message_type_id": "feedback", "device_id": "web", "data": {"text": "I love it"}}])
        record, = kafka.records("secure.results", 1)
        assert value_of(record)["results"]["secure-consumer"]["label"] == "positive"
        text = it.config.read_text()
        it.config.write_text(text.replace("secret", "wrong"))
        done = it.cli("check", check=False)
        assert done.returncode == 78 and address in done.stdout, done.stdout
    finally:
        it.close()
        kafka.stop()
