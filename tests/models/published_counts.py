"""What does a fresh process count for the paper's table, and in how much memory? Counted once for all tests."""

import functools
import json
import subprocess
import sys

CODE = """
import json, resource
from scaling.models.count_table import counted
rows = [{**row.as_json(False), "macs": row.counted.macs, "params": row.params} for row in counted()]
print(json.dumps([rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))
"""


@functools.cache
def table() -> tuple[list[dict], int]:
    """The rows of ``scaling count`` with exact ``macs`` and ``params``, and the process's peak memory in bytes."""
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    rows, peak = json.loads(done.stdout)
    return rows, peak
