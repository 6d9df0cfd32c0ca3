#!/usr/bin/env python3
"""Follows docs/your-own-learner.md to the letter, and makes every mistake of its table.

    your_own_learner.py METASCOPE       METASCOPE is the built program

The Python in the page is run as it stands there; then once more with each mistake written into it. Exits with 1 where the
program does not say what the page says.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

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


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    page = PAGE.read_text()
    _, *blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    torch, jax = blocks
    command = re.search(r"```text\nmetascope (gradient .*)\n```", page).group(1).split()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "init"], cwd=folder, check=True, capture_output=True)
        subprocess.run([program, "tasks", "--out", "tasks.json"], cwd=folder, check=True, capture_output=True)
        tasks = json.loads(pathlib.Path(folder, "tasks.json").read_text())["tasks"]
        print(f"{len(tasks)} tasks of {len(tasks[0]['support_x'])} and {len(tasks[0]['query_x'])} points")

        def run(what, code, is_right, said):
            nonlocal failures
            subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
            done = subprocess.run([program, *command], cwd=folder, capture_output=True, text=True)
            last = (done.stdout + done.stderr).strip().splitlines()[-1]
            fits = done.returncode == (0 if is_right else 1) and said in last
            failures += not fits
            print(f"{'ok   ' if fits else 'WRONG'} {what}: {last}")

        run("PyTorch", torch, True, "the same")
        run("JAX", jax, True, "the same")
        for edits, said in TORCH_MISTAKES:
            code = torch
            for old, new in edits:
                assert old in code, old
                code = code.replace(old, new)
            run(edits[0][1].splitlines()[0][:60], code, False, said)
    print(f"{failures} failures")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
