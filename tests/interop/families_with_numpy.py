#!/usr/bin/env python3
"""Families of tasks worked out a second time with NumPy: prior means, and floors, the mean squared error of the Bayes-optimal
prediction.

    families_with_numpy.py METASCOPE [TASKS]      METASCOPE is the built program, TASKS how many (100000)

Closed forms have to agree to 1e-6 on the tasks that the program exports, and floors over ranges, integrated on other nodes, to 1 %.
Tasks drawn here, of the same priors and by other random numbers, have to agree to 1 % with formulas, and with the program's as far
as two samples can. Last come a few learners, briefly trained on each family. Exits with 1 where
something does not agree.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
TASKS = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
RANGE = (-2.0, 2.0)
failures = 0


def hold(what, is_so, words):
    global failures
    failures += not is_so
    print(f"{'ok   ' if is_so else 'WRONG'} {what}: {words}", flush=True)


def close(what, ours, theirs, most):
    gap = np.max(np.abs(np.array(ours) - np.array(theirs)) / np.maximum(np.abs(np.array(theirs)), 1e-12))
    show = lambda values: ", ".join(f"{value:.5g}" for value in np.atleast_1d(values))
    hold(what, gap <= most, f"here {show(theirs)}; the program {show(ours)}; off by {gap:.1e}, {most:g} allowed")


def study(task, evaluation, experiments):
    lines = ["[defaults]", "seeds = 1", "[task]", f"x = [{RANGE[0]}, {RANGE[1]}]", 'train_tasks = "fresh"', *task, "[evaluation]", *evaluation]
    for name, settings in experiments:
        lines += ["[[experiment]]", f'name = "{name}"', *settings]
    return "\n".join(lines) + "\n"


def run(text, *arguments):
    """The events of a study, and the tasks that it is tested on."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "study.toml").write_text(text)
        call = lambda *words: subprocess.run([PROGRAM, *words], cwd=folder, check=True, capture_output=True, text=True).stdout
        events = [json.loads(line) for line in call("run", "study.toml", "--json", "--no-save").splitlines()]
        tasks = json.loads(call("tasks", "study.toml"))["tasks"] if "tasks" in arguments else None
    return events, tasks


def floor_of(events):
    return next(event for event in events if event["event"] == "floor")


RANDOM = [("Random", ['algorithm = "random"', "model = { hidden = 16 }"])]


# Gaussian processes: Rasmussen and Williams 2006, sections 2.2 and 4.2.

def covariance(kernel, d, length, period):
    if kernel == "rbf":
        return np.exp(-0.5 * (d / length) ** 2)
    if kernel == "matern-5/2":
        r = np.sqrt(5) * np.abs(d) / length
        return (1 + r + r * r / 3) * np.exp(-r)
    return np.exp(-2 * np.sin(np.pi * d / period) ** 2 / length**2)


def nodes(low, high, count):
    return [low] if low == high else list(low + (high - low) * (np.arange(count) + 0.5) / count)


def gp_floor(kernel, points, grid, noise, lengths, scales, periods):
    """Posterior means at the grid, of every task, given its points: x and y of [tasks, K]."""
    x, y = points
    tasks, k = x.shape
    best, weight, mean = np.full(tasks, -np.inf), np.zeros(tasks), np.zeros((tasks, len(grid)))
    for length in lengths:
        for period in periods:
            within = covariance(kernel, x[:, :, None] - x[:, None, :], length, period)
            across = covariance(kernel, grid[None, :, None] - x[:, None, :], length, period)
            for scale in scales:
                matrix = scale**2 * within + noise**2 * np.eye(k)
                lower = np.linalg.cholesky(matrix)
                solved = np.linalg.solve(matrix, y[:, :, None])[:, :, 0]
                likelihood = -0.5 * (y * solved).sum(1) - np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(1)
                higher = np.maximum(best, likelihood)
                old, new = np.exp(best - higher), np.exp(likelihood - higher)
                weight = weight * old + new
                mean = mean * old[:, None] + new[:, None] * scale**2 * np.einsum("tgk,tk->tg", across, solved)
                best = higher
    return mean / weight[:, None]


def gp(kernel):
    noise = 0.1
    fixed = {"length": 0.7, "scale": 0.8, "period": 1.5}
    task = lambda length, scale, period: ['family = "gp"', f'kernel = "{kernel}"', f"length = {length}", f"scale = {scale}", f"period = {period}", f"noise = {noise}", "shots = 5"]
    # One length, one scale: the floor on the program's own tasks has a closed form.
    pair = lambda value: [value, value]
    text = study(task(*map(pair, fixed.values())), ["test_tasks = 500", "grid = 20", "points = 8", "steps = 0"], RANDOM)
    events, tasks = run(text, "tasks")
    all_of = lambda key: np.array([task["support_" + key] + task["further_" + key] for task in tasks])
    x, y, grid = all_of("x"), all_of("y"), np.array(tasks[0]["query_x"])
    truth = np.array([task["query_y"] for task in tasks])
    means = [np.zeros_like(truth)] + [
        gp_floor(kernel, (x[:, :k], y[:, :k]), grid, noise, *([value] for value in fixed.values())) for k in range(1, 9)
    ]
    close(f"gp {kernel}, floor in closed form, K = 0 .. 8", floor_of(events)["mean"], [((mean - truth) ** 2).mean() for mean in means], 1e-6)

    # Ranges: the program's tasks once more, with more nodes, and others of the same prior, drawn here by Cholesky factors.
    ranges = {"length": (0.3, 1.0), "scale": (0.1, 1.0), "period": (1.0, 4.0)}
    text = study(task(*map(list, ranges.values())), [f"test_tasks = {TASKS}", "grid = 5", "points = 5", "steps = 0"], RANDOM)
    events, tasks = run(text, "tasks")
    ours, grid, shown = floor_of(events)["mean"], np.linspace(*RANGE, 5), [0, 2, 5]
    periods = nodes(*ranges["period"], 14) if kernel == "periodic" else [1.0]

    def errors(x, y, truth):
        known = lambda k: gp_floor(kernel, (x[:, :k], y[:, :k]), grid, noise, nodes(*ranges["length"], 20), nodes(*ranges["scale"], 10), periods)
        return [((known(k) - truth) ** 2).mean(1) if k > 0 else (truth**2).mean(1) for k in shown]

    few = 2_000 if kernel != "periodic" else 500
    x, y, truth = (np.array([task[key] for task in tasks]) for key in ("support_x", "support_y", "query_y"))
    parts = [errors(x[at : at + few], y[at : at + few], truth[at : at + few]) for at in range(0, len(tasks), few)]
    theirs = [np.concatenate(of) for of in zip(*parts)]
    close(f"gp {kernel}, floor at K = 0, 2, 5 over the program's {TASKS} tasks", [ours[k] for k in shown], [of.mean() for of in theirs], 0.01)

    random, parts = np.random.default_rng(1), []
    for _ in range(0, TASKS, few):
        length, scale, period = (random.uniform(low, high, few)[:, None, None] for low, high in ranges.values())
        x = random.uniform(*RANGE, (few, 5))
        places = np.concatenate([x, np.tile(grid, (few, 1))], 1)
        matrix = scale**2 * covariance(kernel, places[:, :, None] - places[:, None, :], length, period)
        drawn = np.einsum("tij,tj->ti", np.linalg.cholesky(matrix + 1e-9 * np.eye(10)), random.standard_normal((few, 10)))
        parts.append(errors(x, drawn[:, :5] + noise * random.standard_normal((few, 5)), drawn[:, 5:]))
    drawn = [np.concatenate(of) for of in zip(*parts)]
    low, high = ranges["scale"]
    close(f"gp {kernel}, prior mean by its formula", drawn[0].mean(), (low**2 + low * high + high**2) / 3, 0.01)
    # Two samples of so many tasks differ by chance: three standard errors are allowed.
    for k, one, other in zip(shown, theirs, drawn):
        gap, error = abs(one.mean() - other.mean()), np.sqrt(one.var() / len(one) + other.var() / len(other))
        words = f"here {other.mean():.5g}; of the program's {one.mean():.5g}; {gap / one.mean():.1%} apart, {gap / error:.1f} standard errors"
        hold(f"gp {kernel}, floor at K = {k} over {TASKS} other tasks", gap <= 3 * error, words)


def learners(what, task):
    """How far a few learners come, briefly trained: each lower than the best constant guess after its points."""
    trained = ["outer_steps = 6000", "meta_batch = 10", "clip = 10.0", "model = { hidden = 40 }"]
    experiments = [
        ("MAML", ['algorithm = "maml"', "inner_lr = 0.05", "inner_steps = 3", *trained]),
        ("Ridge head", ['algorithm = "ridge-head"', *trained]),
        ("CNP", ['algorithm = "cnp"', *trained]),
    ]
    evaluation = ["test_tasks = 500", "points = 10", "steps = 3", "inner_lr = 0.05"]
    events, _ = run(study([*task, "shots = [1, 10]"], evaluation, experiments))
    floors = [event for event in events if event["event"] == "floor"]
    for event in (event for event in events if event["event"] == "evaluated"):
        mean = event["points"]["mean"]
        guess = floors[0]["mean"][0] if floors else None
        lower = guess is None or mean[10] < guess
        words = f"at K = 1, 5, 10: {mean[1]:.3g}, {mean[5]:.3g}, {mean[10]:.3g}"
        if floors:
            floor = floors[0]["mean"]
            words += f"; floor at K = 0, 1, 5, 10: {floor[0]:.3g}, {floor[1]:.3g}, {floor[5]:.3g}, {floor[10]:.3g}"
        hold(f"{what}, {event['experiment']}", lower, words)


for kernel in ("rbf", "matern-5/2", "periodic"):
    gp(kernel)
for kernel in ("rbf", "matern-5/2", "periodic"):
    learners(f"gp {kernel}", ['family = "gp"', f'kernel = "{kernel}"'])
print(f"{failures} failures")
sys.exit(bool(failures))
