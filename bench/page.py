"""docs/benchmarks.md, made of the figures that each program keeps in bench/results/."""
import importlib, json

from tests.support.kafka import ROOT

PARTS = {"latest": "drive", "books": "books", "overload": "overload"}  # results, and the module whose section(figures) tells them


def keep(name, figures):
    def file(part):
        return ROOT / f"bench/results/{part}.json"
    file(name).write_text(json.dumps(figures, indent=1) + "\n")
    parts = [importlib.import_module(f"bench.{module}").section(json.loads(file(part).read_text())) for part, module in PARTS.items() if file(part).exists()]
    (ROOT / "docs/benchmarks.md").write_text("\n".join(parts))
