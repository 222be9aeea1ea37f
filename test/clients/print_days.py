"""Prints the next events of a group as JSON lines: `print_days.py <broker> <prefix> <group> <start> <count>`.

Columns are hex of their bytes, so that a comparison is bit for bit. The last event is not asked on from, so that it is
not committed.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "deploy" / "clients" / "python"))

from closebell_days import days  # noqa: E402


def plain(value):
    if hasattr(value, "tobytes"):
        return value.tobytes().hex()
    if hasattr(value, "__dict__"):
        return {name: plain(inner) for name, inner in vars(value).items()}
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


broker, prefix, group, start, count = sys.argv[1:6]
left = int(count)
for day in days(broker, prefix, group, start or None):
    print(json.dumps(plain(day)), flush=True)
    left -= 1
    if left == 0:
        break
