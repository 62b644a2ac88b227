"""Our own reader: one run of `kiosk-app read --json --eval` over the same pictures.

Processor time and memory are the program's own figures for a whole run; wall time is a picture's, barcodes included."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

files = [line.rstrip("\n") for line in sys.stdin if line.strip()]
with tempfile.TemporaryDirectory() as folder:
    table = Path(folder) / "truth.tsv"
    # Rows are compared by table.py alone: here every picture is said to have no zone.
    table.write_text("".join(f"{file}\t\n" for file in files))
    said = subprocess.run([sys.argv[1], "read", "--json", "--eval", str(table)], capture_output=True, text=True)
for line in said.stdout.splitlines():
    answer = json.loads(line)
    mrz = answer.get("mrz") or {}
    print(json.dumps({"file": answer["file"], "rows": mrz.get("lines", []), "accepted": bool(mrz), "wall_ms": answer.get("ms", 0.0)}))
counts = [line.split() for line in said.stderr.splitlines() if line.startswith("all ")]
peak = re.search(r"Peak memory: (\d+)", said.stderr)
if not counts or not peak:
    sys.exit(f"kiosk-app printed no table: {said.stderr[-500:]}")
print(json.dumps({"peak_mb": float(peak[1]), "cpu_ms_median": float(counts[0][-2])}))
