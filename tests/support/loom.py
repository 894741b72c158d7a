"""Loom under test: a folder with its two files, its parts as processes, its API as calls."""
import http.client, json, os, pathlib, signal, subprocess, threading

import yaml

from .kafka import ROOT, die_with_parent, free_port, wait_for

BINARY = pathlib.Path(os.environ.pop("LOOM_UNDER_TEST", ROOT / "build/loom"))  # Loom refuses variables that it does not know


class Part:
    """One process of Loom; its output is kept in <folder>/<name>.log."""

    def __init__(self, loom, name, *words):
        self.name, self.log = name, loom.folder / f"{name}.log"
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([BINARY, *words, "--config", loom.config], stdout=log, stderr=log, preexec_fn=die_with_parent,
                                            cwd=loom.folder)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def stop(self, seconds=30):
        """Ctrl-C; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def text(self):
        return self.log.read_text()


class Loom:
    """`catalogue` and `mappings` are dicts in the files' own grammar; kafka, database and api are filled in."""

    def __init__(self, folder, kafka, database, catalogue, mappings=None, api=None):
        self.folder, self.kafka, self.database = pathlib.Path(folder), kafka, database
        self.port, self.parts = free_port(), []
        catalogue = {"kafka": {"bootstrap": kafka.bootstrap}, "database": {"url": database.url if database else "sqlite:loom.db"},
                     "api": {"listen": f"127.0.0.1:{self.port}", **(api or {})}, **catalogue}
        self.config = self.folder / "loom.yaml"
        self.config.write_text(yaml.safe_dump(catalogue, sort_keys=False))
        if mappings is not None:
            (self.folder / "topic_mappings.yml").write_text(yaml.safe_dump({"topics": mappings}, sort_keys=False))

    def cli(self, *words, check=True):
        done = subprocess.run([BINARY, *words, "--config", self.config], capture_output=True, text=True, timeout=120, cwd=self.folder)
        assert not check or done.returncode == 0, f"loom {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def apply(self):
        """Topics and tables, as `loom up` would make them."""
        self.cli("topics", "apply")
        if (self.folder / "topic_mappings.yml").exists():
            self.cli("tables", "apply")

    def start(self, *words, name=None):
        part = Part(self, name or f"{'-'.join(words)}-{len(self.parts)}", *words)
        self.parts.append(part)
        return part

    def start_api(self):
        part = self.start("api")
        wait_for(lambda: self.get("/readyz")[0] == 200, 30, 0.05, lambda: "for the API:\n" + part.text()[-2000:])
        return part

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body) of one request on a connection of its own; status 0 when nothing answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except OSError:
            return 0, {}, b""
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, message, path="/ingest/message"):
        """(status, answer as JSON) of a message or a list of them."""
        status, _, body = self.request("POST", path, json.dumps(message).encode(), {"Content-Type": "application/json"})
        return status, json.loads(body or b"null")

    def post_all(self, messages):
        """Posts until each one has its 200, as a careful client does; returns the answers."""
        answers = []
        for start in range(0, len(messages), 500):
            part = messages[start:start + 500]
            status, answer = wait_for(lambda: (lambda r: r if r[0] in (200, 207) else None)(self.post(part, "/ingest/batch")), 60)
            assert status == 200, answer
            answers += answer["results"]
        return answers

    def in_background(self, work):
        """Runs `work()` in a thread; join() gives its result or raises what it raised."""
        return Background(work)

    def close(self):
        for part in self.parts:
            part.kill()


class Background:
    def __init__(self, work):
        self.result, self.error = None, None
        self.thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self.thread.start()

    def _run(self, work):
        try:
            self.result = work()
        except BaseException as error:  # given back by join
            self.error = error

    def join(self, seconds=120):
        self.thread.join(seconds)
        assert not self.thread.is_alive(), f"still running after {seconds} s"
        if self.error:
            raise self.error
        return self.result
