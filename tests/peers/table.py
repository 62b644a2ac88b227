"""table.py TRUTH.tsv ANSWERS-FOLDER: the readers side by side.

*exact*: every character right (ours: and accepted). *wrong*: any character wrong in what is accepted: ours by its
status, a peer's when every check digit of the layout passes."""

import json
import sys
from pathlib import Path


def digit(text):
    values = [int(c, 36) if c.isalnum() else 0 for c in text]
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def passes(rows):
    """Whether the rows are a zone's and all its check digits agree."""
    if any(c not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<" for row in rows for c in row):
        return False
    shape = (len(rows), {len(row) for row in rows})
    if shape == (3, {30}):
        one, two = rows[:2]
        number = [(one[5:14], one[14])]
        if one[14] == "<":  # a long number goes on in the optional data
            rest = one[15:].split("<")[0]
            number = [(one[5:14] + rest[:-1], rest[-1:])] if len(rest) > 1 else []
        checks = number + [(two[:6], two[6]), (two[8:14], two[14])]
        checks.append((one[5:30] + two[:7] + two[8:15] + two[18:29], two[29]))
    elif shape in ((2, {44}), (2, {36})):
        one, two = rows
        if one.startswith("IDFRA"):
            checks = [(two[:12], two[12]), (two[27:33], two[33]), (one + two[:35], two[35])]
        else:
            checks = [(two[:9], two[9]), (two[13:19], two[19]), (two[21:27], two[27])]
            if not one.startswith("V"):
                end = len(two) - 1
                checks.append((two[:10] + two[13:20] + two[21:end], two[end]))
                if end == 43 and two[42] != "<":
                    checks.append((two[28:42], two[42]))
    else:
        return False
    return all(printed == digit(text) for text, printed in checks)


def at(values, share):
    values = sorted(values)
    return values[int((len(values) - 1) * share)] if values else float("nan")


def main(truth, folder):
    lines = [line.split("\t") for line in truth.read_text().splitlines() if line and not line.startswith("#")]
    printed = {str(truth.parent / file): [row for row in rows[0].split("|") if row] for file, *rows in lines}
    print(f"{'reader':<20} {'exact':>9} {'wrong':>6} {'failed':>7} {'CPU ms p50':>11} {'wall ms p95':>12} {'peak MB':>8}")
    for file in sorted(folder.glob("*.jsonl"), key=lambda f: (f.stem != "ours", f.stem)):
        answers = [json.loads(line) for line in file.read_text().splitlines()]
        totals = {k: v for a in answers if "file" not in a for k, v in a.items()}
        answers = [a for a in answers if "file" in a]
        exact = wrong = 0
        for answer in answers:
            right = answer["rows"] == printed[answer["file"]]
            accepted = answer["accepted"] if "accepted" in answer else passes(answer["rows"])
            exact += right and bool(answer["rows"])
            wrong += accepted and not right
        cpu = totals.get("cpu_ms_median", at([a.get("cpu_ms", 0.0) for a in answers], 0.5))
        failed = len(printed) - len(answers) + sum("failure" in a for a in answers)
        share = f"{exact}/{len(printed)}"
        wall = at([a["wall_ms"] for a in answers], 0.95)
        print(f"{file.stem:<20} {share:>9} {wrong:>6} {failed:>7} {cpu:>11.0f} {wall:>12.0f} {totals.get('peak_mb', 0):>8.0f}")
    for file in sorted(folder.glob("*.skipped")):
        print(f"{file.stem:<20} left out: {file.read_text().strip()}")


main(Path(sys.argv[1]), Path(sys.argv[2]))
