"""What does a fresh process count for the paper's table, and in how much memory? Counted once for
all tests.
"""

import functools
import json
import subprocess
import sys

import pytest

COUNTED_ONCE = pytest.mark.xdist_group("published counts")  # tests that read it share a worker
CODE = """
import json, re, sys
from pathlib import Path
from scaling.models.counting.count_rows import counted
rows = [
    {**row.as_json(False), "macs": row.counted.macs, "params": row.params}
    for row in counted(sys.argv[1:])
]
# VmHWM, for ru_maxrss begins at the size of the process that started this one.
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(json.dumps([rows, 1024 * int(peak)]))
"""


@functools.cache
def table(*models: str) -> tuple[list[dict], int]:
    """The rows of ``scaling count [MODEL ...]`` with exact ``macs`` and ``params``, and the
    process's peak memory in bytes.
    """
    command = [sys.executable, "-c", CODE, *models]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows, peak = json.loads(done.stdout)
    return rows, peak
