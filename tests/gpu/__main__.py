"""Is all well on this machine's GPU, and how fast is it? Tests, then a table, in minutes.

    make gpu [RECORD=results/reference/gpu/NAME.json]

Ray is not needed. Exit code 2 where there is no CUDA device, 1 where a test fails.
"""

import argparse
import os
import sys
import time
from pathlib import Path

# Before CUDA starts: products of matrices that give the same bits again.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import torch


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu")
    parser.add_argument("--record", type=Path, help="JSON of what was measured, to keep")
    asked = parser.parse_args()
    if not torch.cuda.is_available():
        print("no CUDA device here: nothing was tested, and nothing is claimed", file=sys.stderr)
        return 2
    import pytest

    from scaling.records.files import write_json
    from scaling.records.provenance import provenance
    from tests.gpu import throughput

    began = time.monotonic()
    here = Path(__file__).parent / "on_cuda.py"
    failed = pytest.main([str(here), "-q", "--noconftest", "-p", "no:cacheprovider"])
    rows = throughput.measured(throughput.MODELS, "cuda")
    rows += throughput.measured(throughput.MODELS, "cuda", compile=True)
    print(throughput.table(rows))
    print(f"{torch.cuda.get_device_name()}: {time.monotonic() - began:.0f} s")
    if asked.record:
        content = {
            "tests_passed": failed == 0,
            "throughput": rows,
            "provenance": provenance(torch.cuda.get_device_name(), torch.get_num_threads()),
        }
        write_json(asked.record, content)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
