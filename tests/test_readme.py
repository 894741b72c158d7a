"""The README's commands do what it says, against `loom up` on the shipped configuration."""
import json, os, re, shutil, signal, subprocess

from .support.databases import Sqlite
from .support.kafka import ROOT, free_port, wait_for
from .support.loom import BINARY


def commands():
    """The commands of the README's tested block, in order."""
    text = (ROOT / "README.md").read_text()
    block = re.search(r"<!-- tested.*?-->\n```sh\n(.*?)```", text, re.S)[1]
    return [c.strip() for c in re.sub(r"\\\n\s*", "", block).splitlines() if c.strip() and not c.startswith("#")]


def test_readme_lines(tmp_path):
    for name in ("loom.yaml", "topic_mappings.yml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / "build/loom").symlink_to(BINARY)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    api = f"127.0.0.1:{free_port()}"
    environment = dict(os.environ, LOOM_API_LISTEN=api, LOOM_KAFKA_BOOTSTRAP=f"127.0.0.1:{free_port()}")
    log = open(tmp_path / "up.log", "w")
    up = subprocess.Popen(["build/loom", "up"], cwd=tmp_path, env=environment, stdout=log, stderr=log)

    def shell(command):
        return subprocess.run(command.replace("127.0.0.1:8000", api), shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    try:
        wait_for(lambda: shell(f"curl -sf http://{api}/readyz").returncode == 0 or up.poll() is not None, 90, 0.2)
        assert up.poll() is None, (tmp_path / "up.log").read_text()[-3000:]
        position, screenshot, refused, recording, lag, letters, engines, compared = [shell(command) for command in commands()]
        assert json.loads(position.stdout)["status"] == "success"
        assert screenshot.returncode == 0, screenshot.stderr
        assert json.loads(refused.stdout)["status"] == 422 and json.loads(refused.stdout)["field"] == "data.latitude"
        assert json.loads(recording.stdout)["topic"] == "device.audio.raw"
        assert "moondream-ocr-consumer" in lag.stdout and lag.returncode == 0
        assert letters.returncode == 0
        assert engines.returncode == 0 and "tesseract" in engines.stdout, engines.stdout + engines.stderr
        assert compared.returncode == 0 and "minicpm-ocr-consumer" in compared.stdout, compared.stderr
        database = Sqlite(tmp_path)
        wait_for(lambda: database.rows("select device_id, text from media_image_analysis_moondream_results where text <> ''"), 60, 0.2)
        wait_for(lambda: database.rows("select word from media_text_transcribed_words where word = 'closes'"), 60, 0.2)
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0, (tmp_path / "up.log").read_text()[-3000:]
