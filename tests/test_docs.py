"""docs/delivery.md names what causes each failure: tests of ours, and faults of the matrix. Each of them is there."""
import re

from .faults import plan
from .support.kafka import ROOT


def test_delivery_names_what_there_is():
    text = (ROOT / "docs/delivery.md").read_text()
    python = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    native = "".join(file.read_text() for file in (ROOT / "src").rglob("*_test.cc"))
    for name in re.findall(r"`(test_\w+)`", text):
        assert f"def {name}(" in python, name
    for suite, name in re.findall(r"`(\w+)\.([A-Z]\w+)`", text):
        assert re.search(rf"TEST(_F|_P)?\({suite}, {name}\)", native), f"{suite}.{name}"
    quoted = [name for row in text.splitlines() if "fault" in row for name in re.findall(r'"([^"]+)"', row)]
    assert len(quoted) > 30 and set(quoted) <= {fault.name for fault in plan.FAULTS}
