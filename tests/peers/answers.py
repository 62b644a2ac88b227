"""What every driver of a peer has in common: file names on standard input, one JSON line a file on standard output.

A line has the file, the rows that the peer read, and the milliseconds of processor and of wall time; the last line has
the most memory. Processes that a peer starts count as it does."""

import json
import os
import resource
import sys
import time


def _processor():
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def run(read):
    """Calls `read(file)` for each file; it returns rows. A peer's failure is an answer without rows."""
    for file in (line.rstrip("\n") for line in sys.stdin):
        if not file:
            continue
        processor, wall = _processor(), time.perf_counter()
        failure = None
        try:
            rows = [str(row) for row in read(file) or []]
        except Exception as error:  # a peer may fail in any way
            rows, failure = [], f"{type(error).__name__}: {error}"
        answer = {
            "file": file,
            "rows": rows,
            "cpu_ms": (_processor() - processor) * 1000,
            "wall_ms": (time.perf_counter() - wall) * 1000,
        }
        if failure:
            answer["failure"] = failure[:200]
        print(json.dumps(answer), flush=True)
    kilobytes = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    )
    print(json.dumps({"peak_mb": kilobytes / 1000}), flush=True)
    sys.stdout.flush()
    os._exit(0)


def zone_rows(text):
    """Of running text, the last rows that look like a zone's: what a user of a general reader would cut out."""
    rows = [line.replace(" ", "").strip() for line in text.splitlines()]
    rows = [row for row in rows if len(row) >= 24 and ("<" in row or sum(c.isupper() or c.isdigit() for c in row) == len(row))]
    for count in (3, 2):
        last = rows[-count:]
        if len(last) == count and all(len(row) == (30 if count == 3 else len(last[0])) for row in last):
            return last
    return rows[-2:]
