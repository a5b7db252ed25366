"""How fast is it, beside its peers? Every benchmark in turn, each printing its table.

python -m tests.benchmarks [NAME ...]     such as models; all by default
"""

import importlib
import sys
from pathlib import Path

BENCHES = sorted(
    path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")
)

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHES:
        if name not in BENCHES:
            sys.exit(f"error: unknown benchmark {name!r}; known: {', '.join(BENCHES)}")
        print(f"\n{name}\n")
        importlib.import_module(f"tests.benchmarks.bench_{name}").main([])
