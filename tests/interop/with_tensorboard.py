#!/usr/bin/env python3
"""Lets TensorBoard's own reader read what `metascope export --format tensorboard` writes.

    with_tensorboard.py METASCOPE       METASCOPE is the built program

Trains a small study, exports it, and compares every scalar that the reader finds with the runs' logs: the same tags,
steps and values (in single precision), a folder a run. Exits with 1 if anything differs.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

STUDY = """
[defaults]
seeds = 2
outer_steps = 400
[task]
train_tasks = 50
[evaluation]
test_tasks = 20
steps = 5
[[experiment]]
name = "MAML, \\"é\\" / 1"
algorithm = "maml"
[[experiment]]
name = "Random"
algorithm = "random"
[[test]]
name = "5 shots"
shots = 5
"""


def logged(log):
    """What the log of a run tells, by tag: steps and values."""
    scalars = {}
    for event in map(json.loads, log.read_text().splitlines()):
        if event["event"] == "progress":
            scalars.setdefault("train/loss", []).append((event["step"], event["loss"]))
        if event["event"] == "evaluated":
            on = f" [{event['test']}]" if "test" in event else ""
            for tag, field in [("loss", "mean"), ("median", "median"), ("nonfinite", "nonfinite")]:
                scalars[f"test/{tag}{on}"] = list(zip(event["steps"], event[field]))
    return scalars


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "study.toml").write_text(STUDY)
        for arguments in [["run", "study.toml"], ["export", "runs", "--format", "tensorboard", "--out", "events"]]:
            subprocess.run([program, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        runs = sorted(path.parent for path in folder.glob("events/*/*/*tfevents*"))
        compared = 0
        for run in runs:
            reader = EventAccumulator(str(run), size_guidance={"scalars": 0})
            reader.Reload()
            expected = logged(folder / "runs" / "study" / run.relative_to(folder / "events") / "metrics.jsonl")
            assert set(reader.Tags()["scalars"]) == set(expected), (run, reader.Tags())
            for tag, pairs in expected.items():
                found = [(scalar.step, numpy.float32(scalar.value)) for scalar in reader.Scalars(tag)]
                assert found == [(step, numpy.float32(value)) for step, value in pairs], (run, tag)
                compared += len(found)
    assert len(runs) == 4 and compared > 400, (len(runs), compared)
    print(f"{len(runs)} runs, {compared} scalars: TensorBoard reads what the logs say")


if __name__ == "__main__":
    main()
