#!/usr/bin/env python3
"""Follows docs/your-own-learner.md to the letter, and makes every mistake of its table.

    your_own_learner.py METASCOPE       METASCOPE is the built program

The Python in the page is run as it stands there, each learner from the beginning in an empty folder and timed; the gradients once
more with each mistake written into them. Exits with 1 where the program does not say what the page says.
"""

import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "your-own-learner.md"

# What is written instead of what, and what is said of it.
TORCH_MISTAKES = [
    ([("create_graph=True", "create_graph=False")], "first-order gradient"),
    ([("(total / len(tasks)).backward()", "total.backward()")], "summed over the tasks, not averaged"),
    ([("(total / len(tasks))", "(0.5 * total / len(tasks))")], "half the squared error"),
    (
        [
            ("(total / len(tasks)).backward()", "(total / len(tasks)).backward()\nfor task in tasks:\n    (loss(theta, task['support_x'], task['support_y']) / len(tasks)).backward()"),
        ],
        "meta+inner",
    ),
    ([("autograd.grad(inner,", "autograd.grad(inner * len(task['support_x']),")], "with K times the inner rate"),
    ([("autograd.grad(inner,", "autograd.grad(0.5 * inner,")], "with half the inner rate"),
    ([("total + loss(adapted", "total + len(task['query_x']) * loss(adapted")], "summed over the query points"),
    ([("create_graph=True", "create_graph=False"), ("(total / len(tasks))", "total")], "first-order gradient"),
    ([("(total / len(tasks))", "(3.3 * total / len(tasks))")], "3.3"),
    ([("(total / len(tasks))", "(total / len(tasks) + theta['out.bias'].sum() ** 2 * 7 + theta['out.bias'].sum())")], "none of the mistakes"),
]


def says(study, folder, program, experiment):
    """What the program says of an experiment: its curve, and the points curve."""
    done = subprocess.run([program, "run", study, "--json"], cwd=folder, check=True, capture_output=True, text=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return next(event for event in events if event["event"] == "evaluated" and event["experiment"] == experiment)


def losses(folder):
    """Mean test losses of mine.csv by (n, k), worked out a second time."""
    tasks = json.loads(pathlib.Path(folder, "tasks.json").read_text())["tasks"]
    errors = {}
    with open(pathlib.Path(folder, "mine.csv"), newline="") as file:
        for row in csv.DictReader(file):
            task = tasks[int(row["task"])]
            truth = dict(zip(task["query_x"], task["query_y"]))[float(row["x"])]
            errors.setdefault((row.get("n", ""), row.get("k", "")), []).append((float(row["y"]) - truth) ** 2)
    return {key: sum(of) / len(of) for key, of in errors.items()}


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    page = PAGE.read_text()
    torch_answers, jax_answers, torch_gradient, jax_gradient = re.findall(r"```python\n(.*?)```", page, re.S)
    study, mine, command = re.findall(r"```text\n(.*?)```", page, re.S)
    command = command.removeprefix("metascope ").split()
    failures = 0

    def hold(what, so, words):
        nonlocal failures
        failures += not so
        print(f"{'ok   ' if so else 'WRONG'} {what}: {words}", flush=True)

    def answered(what, code):
        """The page from its beginning, in an empty folder."""
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "experiments.toml").write_text(study)
            subprocess.run([program, "tasks", "--out", "tasks.json"], cwd=folder, check=True, capture_output=True)
            subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
            trained = time.monotonic()
            pathlib.Path(folder, "experiments.toml").write_text(study + "\n" + mine)
            told = says("experiments.toml", folder, program, "Mine")
            seconds = time.monotonic() - begun
            hold(f"{what}, a line of its own", seconds < 600, f"after {seconds:.0f} s, of which {trained - begun:.0f} s in Python")
            expected = losses(folder)
            curve = {("" if n == "" else int(n)): loss for (n, k), loss in expected.items() if k == ""}
            points = {int(k): loss for (n, k), loss in expected.items() if k != ""}
            worst = 0.0
            for n, loss in enumerate(told["mean"]):
                asked = curve.get(n, curve.get("") if n > 0 else None)
                if (asked is None) != (loss is None):
                    hold(f"{what}, n = {n}", False, loss)
                    continue
                worst = max(worst, abs(asked - loss) / asked if asked is not None else 0.0)
            for k, loss in enumerate(told["points"]["mean"]):
                asked = points.get(k)
                # All of a test's own points are one of the points curve's.
                if (asked is None) != (loss is None):
                    hold(f"{what}, K = {k}", k == 10 and "" in curve, loss)
                    continue
                worst = max(worst, abs(asked - loss) / asked if asked is not None else 0.0)
            hold(f"{what}, losses", worst < 1e-5, f"off by {worst:.1e} of themselves at most")
            maml = says("experiments.toml", folder, program, "MAML")
            show = lambda values, at: ", ".join(f"{i}: {values[i]:.3g}" for i in at if values[i] is not None)
            print(f"      over n: mine {show(told['mean'], (0, 1, 5, 10))}; MAML {show(maml['mean'], (0, 1, 5, 10))}")
            print(f"      over K: mine {show(told['points']['mean'], (0, 1, 2, 5, 10, 20))}; MAML {show(maml['points']['mean'], (0, 1, 2, 5, 10, 20))}")

    answered("PyTorch", torch_answers)
    answered("JAX", jax_answers)

    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "init"], cwd=folder, check=True, capture_output=True)
        subprocess.run([program, "tasks", "--out", "tasks.json"], cwd=folder, check=True, capture_output=True)

        def run(what, code, is_right, said):
            subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
            done = subprocess.run([program, *command], cwd=folder, capture_output=True, text=True)
            last = (done.stdout + done.stderr).strip().splitlines()[-1]
            hold(what, done.returncode == (0 if is_right else 1) and said in last, last)

        run("PyTorch's gradient", torch_gradient, True, "the same")
        run("JAX's gradient", jax_gradient, True, "the same")
        for edits, said in TORCH_MISTAKES:
            code = torch_gradient
            for old, new in edits:
                assert old in code, old
                code = code.replace(old, new)
            run(edits[0][1].splitlines()[0][:60], code, False, said)
    print(f"{failures} failures")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
