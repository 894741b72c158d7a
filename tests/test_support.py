"""The tests' own ground: the private Kafka and PostgreSQL answer and keep what they are given."""
import kafka as client


def test_kafka_keeps_records(kafka, prefix):
    admin = client.KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics([client.admin.NewTopic(prefix, 2, 1)])
    kafka.produce(prefix, [(b"k%d" % n, b"v%d" % n) for n in range(100)])
    assert sorted(r.value for r in kafka.records(prefix, 100)) == sorted(b"v%d" % n for n in range(100))


def test_databases_answer(database):
    database.execute("CREATE TABLE t (a INTEGER)")
    database.execute("INSERT INTO t VALUES (7)")
    assert database.rows("SELECT a FROM t WHERE a = ?", 7) == [{"a": 7}]
