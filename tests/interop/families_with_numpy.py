#!/usr/bin/env python3
"""Families of tasks worked out a second time with NumPy: prior means, and floors, the mean squared error of the Bayes-optimal
prediction.

    families_with_numpy.py METASCOPE [TASKS [FAMILY ..]]      METASCOPE is the built program, TASKS how many (100000)

A FAMILY is rbf, matern-5/2 or periodic (of gp), step or sawtooth; without one, all. Closed forms have to agree to 1e-6 on the tasks
that the program exports, and to 1 % on all of them, for some floors are integrated on other nodes here, and the program works floors
out over the tasks that it keeps at hand, which are fewer where there are very many. Tasks drawn here, of the
same priors and by other random numbers, have to agree to 1 % with formulas, and with the program's as far as two samples can. Last
come a few learners, briefly trained on each family. Exits with 1 where something does not agree.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from scipy.special import ndtr

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
TASKS = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
failures = 0


def hold(what, is_so, words):
    global failures
    failures += not is_so
    print(f"{'ok   ' if is_so else 'WRONG'} {what}: {words}", flush=True)


def close(what, ours, theirs, most):
    ours, theirs = np.atleast_1d(ours), np.atleast_1d(theirs)
    # What is nothing but rounding has no digits to compare.
    gap = np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-6))
    show = lambda values: ", ".join(f"{value:.5g}" for value in values)
    hold(what, gap <= most, f"here {show(theirs)}; the program {show(ours)}; off by {gap:.1e}, {most:g} allowed")


def alike(what, one, other):
    """Two samples of errors differ by chance: three standard errors are allowed."""
    gap, error = abs(one.mean() - other.mean()), np.sqrt(one.var() / len(one) + other.var() / len(other))
    words = f"here {other.mean():.5g}; of the program's {one.mean():.5g}; {gap / one.mean():.1%} apart, {gap / error:.1f} standard errors"
    hold(what, gap <= 3 * error, words)


def run(x, task, evaluation, experiments, wants_tasks=True):
    """The floor of a study, its other events, and the tasks that it is tested on."""
    lines = ["[defaults]", "seeds = 1", "[task]", f"x = [{x[0]}, {x[1]}]", 'train_tasks = "fresh"', *task, "[evaluation]", *evaluation]
    for name, settings in experiments:
        lines += ["[[experiment]]", f'name = "{name}"', *settings]
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "study.toml").write_text("\n".join(lines) + "\n")
        call = lambda *words: subprocess.run([PROGRAM, *words], cwd=folder, check=True, capture_output=True, text=True).stdout
        events = [json.loads(line) for line in call("run", "study.toml", "--json", "--no-save").splitlines()]
        tasks = json.loads(call("tasks", "study.toml"))["tasks"] if wants_tasks else []
    floor = next((event["mean"] for event in events if event["event"] == "floor"), None)
    of = lambda *keys: np.array([sum((task.get(key, []) for key in keys), []) for task in tasks])
    return floor, events, (of("support_x", "further_x"), of("support_y", "further_y"), of("query_x"), of("query_y"))


RANDOM = [("Random", ['algorithm = "random"', "model = { hidden = 16 }"])]


def squared(means, truth):
    return ((means - truth) ** 2).mean(1)


def nodes(low, high, count):
    return [low] if low == high else list(low + (high - low) * (np.arange(count) + 0.5) / count)


def in_parts(count, size, of):
    """What `of` has of a few tasks at a time, put together."""
    parts = [of(slice(at, min(at + size, count))) for at in range(0, count, size)]
    return [np.concatenate(values) for values in zip(*parts)]


# Gaussian processes: Rasmussen and Williams 2006, sections 2.2 and 4.2.

def covariance(kernel, d, length, period):
    if kernel == "rbf":
        return np.exp(-0.5 * (d / length) ** 2)
    if kernel == "matern-5/2":
        r = np.sqrt(5) * np.abs(d) / length
        return (1 + r + r * r / 3) * np.exp(-r)
    return np.exp(-2 * np.sin(np.pi * d / period) ** 2 / length**2)


def gp_means(kernel, x, y, grid, noise, lengths, scales, periods):
    """Posterior means at the grid, of every task, given its points: x and y of [tasks, K]. The covariance of the points is
    turned to its axes once for all scales."""
    tasks, k = x.shape
    if k == 0:
        return np.zeros((tasks, len(grid)))
    best, weight, mean = np.full(tasks, -np.inf), np.zeros(tasks), np.zeros((tasks, len(grid)))
    for length in lengths:
        for period in periods:
            values, axes = np.linalg.eigh(covariance(kernel, x[:, :, None] - x[:, None, :], length, period))
            across = covariance(kernel, grid[None, :, None] - x[:, None, :], length, period) @ axes
            along = np.einsum("tka,tk->ta", axes, y)
            for scale in scales:
                variance = scale**2 * values + noise**2
                likelihood = -0.5 * (along**2 / variance + np.log(variance)).sum(1)
                higher = np.maximum(best, likelihood)
                old, new = np.exp(best - higher), np.exp(likelihood - higher)
                weight = weight * old + new
                mean = mean * old[:, None] + new[:, None] * scale**2 * np.einsum("tga,ta->tg", across, along / variance)
                best = higher
    return mean / weight[:, None]


def gp(kernel):
    noise, ends = 0.1, (-2.0, 2.0)
    fixed = {"length": 0.7, "scale": 0.8, "period": 1.5}
    task = lambda of: ['family = "gp"', f'kernel = "{kernel}"', *(f"{key} = {list(value)}" for key, value in of.items()), f"noise = {noise}", "shots = 5"]
    # One length, one scale: the floor on the program's own tasks has a closed form.
    floor, _, (x, y, grids, truth) = run(ends, task({key: (value, value) for key, value in fixed.items()}), ["test_tasks = 500", "grid = 20", "points = 8", "steps = 0"], RANDOM)
    means = [gp_means(kernel, x[:, :k], y[:, :k], grids[0], noise, *([value] for value in fixed.values())) for k in range(9)]
    close(f"gp {kernel}, floor in closed form, K = 0 .. 8", floor, [squared(of, truth).mean() for of in means], 1e-6)

    # Ranges: the program's tasks once more, with other nodes, and others of the same prior, drawn here by Cholesky factors.
    ranges = {"length": (0.3, 1.0), "scale": (0.1, 1.0), "period": (1.0, 4.0)}
    ours, _, (x, y, grids, truth) = run(ends, task(ranges), [f"test_tasks = {TASKS}", "grid = 5", "points = 5", "steps = 0"], RANDOM)
    shown, grid = [0, 2, 5], grids[0]
    periods = nodes(*ranges["period"], 14) if kernel == "periodic" else [1.0]

    def errors(x, y, truth):
        known = lambda k: gp_means(kernel, x[:, :k], y[:, :k], grid, noise, nodes(*ranges["length"], 20), nodes(*ranges["scale"], 10), periods)
        return [squared(known(k), truth) for k in shown]

    theirs = in_parts(len(x), 2_000, lambda some: errors(x[some], y[some], truth[some]))
    close(f"gp {kernel}, floor at K = 0, 2, 5 over the program's {len(x)} tasks", [ours[k] for k in shown], [of.mean() for of in theirs], 0.01)

    random = np.random.default_rng(1)

    def draw(some):
        count = some.stop - some.start
        length, scale, period = (random.uniform(low, high, count)[:, None, None] for low, high in ranges.values())
        x = random.uniform(*ends, (count, 5))
        places = np.concatenate([x, np.tile(grid, (count, 1))], 1)
        matrix = scale**2 * covariance(kernel, places[:, :, None] - places[:, None, :], length, period)
        drawn = np.einsum("tij,tj->ti", np.linalg.cholesky(matrix + 1e-9 * np.eye(10)), random.standard_normal((count, 10)))
        return errors(x, drawn[:, :5] + noise * random.standard_normal((count, 5)), drawn[:, 5:])

    drawn = in_parts(TASKS, 2_000, draw)
    low, high = ranges["scale"]
    close(f"gp {kernel}, prior mean of {TASKS} other tasks by its formula", drawn[0].mean(), (low**2 + low * high + high**2) / 3, 0.01)
    for k, one, other in zip(shown, theirs, drawn):
        alike(f"gp {kernel}, floor at K = {k} over {TASKS} other tasks", one, other)


def uniform_factor(low, high, noise, uu, yu, yy):
    """What points y = a u with noise say of an a that was drawn from a range: the logarithm of their density, but for a factor
    that depends on their count alone, and the mean of a. `uu`, `yu` and `yy` are sums over the points."""
    seen = np.where(uu > 0, uu, 1)
    centre, deviation = yu / seen, noise / np.sqrt(seen)
    a, b = (low - centre) / deviation, (high - centre) / deviation
    # On the side where the tail is: differences of what is nearly 1 say nothing.
    part = np.where(a > 0, ndtr(-a) - ndtr(-b), ndtr(b) - ndtr(a))
    density = lambda z: np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.clip(centre + deviation * (density(a) - density(b)) / part, low, high)
        log = np.log(np.sqrt(2 * np.pi) * part * deviation / (high - low)) - 0.5 * (yy - yu * centre) / noise**2
    is_known = (uu > 0) & (part > 0)
    return np.where(uu > 0, np.where(is_known, log, -np.inf), 0), np.where(is_known, mean, (low + high) / 2)


# Steps: between two neighbouring points the place is as likely here as there, and either level is known by its own points.

def step_means(x, y, grid, noise, left, right, place):
    tasks, k = x.shape
    order = np.argsort(x, axis=1)
    x, y = np.take_along_axis(x, order, 1), np.take_along_axis(y, order, 1)
    start = np.full((tasks, 1), -np.inf)
    # Piece i has i points before the step.
    low = np.clip(np.concatenate([start, x], 1), *place)
    high = np.clip(np.concatenate([x, -start], 1), *place)
    width = high - low
    before = [np.concatenate([np.zeros((tasks, 1)), np.cumsum(values, 1)], 1) for values in (np.ones_like(x), y, y * y)]
    behind = [total[:, -1:] - total for total in before]
    with np.errstate(divide="ignore"):
        log = np.log(width)
    if noise > 0:
        (log_l, level_l), (log_r, level_r) = (uniform_factor(*ends, noise, *sums) for ends, sums in ((left, before), (right, behind)))
        log = log + log_l + log_r
    elif k > 0:
        # A level that is seen is known, and two that differ are on both sides of the step.
        split = np.arange(k + 1)
        level_l = np.where(split > 0, y[:, :1], sum(left) / 2)
        level_r = np.where(split < k, y[:, -1:], sum(right) / 2)
        side = np.full((tasks, 1), False)
        jumps = np.concatenate([side, np.diff(y, axis=1) != 0, side], 1)
        # Points alike are on one side, whose range has them, and is the likelier the narrower it is.
        within = lambda low, high: np.where((y[:, :1] >= low) & (y[:, :1] <= high), -np.log(high - low), -np.inf)
        alike = np.where(split == k, within(*left), np.where(split == 0, within(*right), -np.inf))
        log = log + np.where(jumps.any(1, keepdims=True), np.where(jumps, 0, -np.inf), alike)
    else:
        level_l, level_r = (np.full((tasks, 1), sum(ends) / 2) for ends in (left, right))
    weight = np.exp(log - log.max(1, keepdims=True))
    weight /= weight.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        past = np.clip((grid[None, None, :] - low[:, :, None]) / width[:, :, None], 0, 1)
    answers = level_l[:, :, None] + np.where(width[:, :, None] > 0, past, 0) * (level_r - level_l)[:, :, None]
    return (weight[:, :, None] * answers).sum(1)


def step():
    ends, left, right, place = (-5.0, 5.0), (-3.0, 3.0), (-1.0, 4.0), (-4.0, 4.0)
    for noise in (0.0, 0.3):
        task = ['family = "step"', f"left = {list(left)}", f"right = {list(right)}", f"place = {list(place)}", f"noise = {noise}", "shots = 8"]
        floor, _, (x, y, grids, truth) = run(ends, task, ["test_tasks = 500", "grid = 20", "points = 8", "steps = 0"], RANDOM)
        known = lambda x, y, grid: step_means(x, y, grid, noise, left, right, place)
        means = [known(x[:, :k], y[:, :k], grids[0]) for k in range(9)]
        close(f"step, noise {noise}, floor in closed form, K = 0 .. 8", floor, [squared(of, truth).mean() for of in means], 1e-6)

        ours, _, (x, y, grids, truth) = run(ends, [*task[:-1], "shots = 5"], [f"test_tasks = {TASKS}", "grid = 9", "points = 5", "steps = 0"], RANDOM)
        shown, grid = [0, 1, 2, 5], grids[0]
        errors = lambda x, y, truth: [squared(known(x[:, :k], y[:, :k], grid), truth) for k in shown]
        theirs = in_parts(len(x), 10_000, lambda some: errors(x[some], y[some], truth[some]))
        close(f"step, noise {noise}, floor at K = 0, 1, 2, 5 over the program's {len(x)} tasks", [ours[k] for k in shown], [of.mean() for of in theirs], 0.01)
        random = np.random.default_rng(2)
        x, (l, r, p) = random.uniform(*ends, (TASKS, 5)), (random.uniform(*of, (TASKS, 1)) for of in (left, right, place))
        at = lambda x: np.where(x < p, l, r)
        drawn = errors(x, at(x) + noise * random.standard_normal(x.shape), at(grid[None]))
        # The variance at x of what is l with chance 1 - q and r with q.
        q = np.clip((grid - place[0]) / (place[1] - place[0]), 0, 1)
        (m_l, s_l), (m_r, s_r) = (((a + b) / 2, (a * a + a * b + b * b) / 3) for a, b in (left, right))
        variance = ((1 - q) * s_l + q * s_r - ((1 - q) * m_l + q * m_r) ** 2).mean()
        close(f"step, noise {noise}, prior mean of {TASKS} other tasks by its formula", drawn[0].mean(), variance, 0.01)
        for k, one, other in zip(shown, theirs, drawn):
            alike(f"step, noise {noise}, floor at K = {k} over {TASKS} other tasks", one, other)


# Sawtooth waves of whole teeth of shift. Without noise and with t the place of a point in its tooth, y = a (2 t - 1): t is as likely
# here as there, so that a is distributed as 1 / a from max(|y|, the least) on. Of two points, d apart in parts of a tooth, the
# second is y + 2 a d, or y + 2 a (d - 1) behind a jump; a is above 0, so the sign of the rise says which.

def saw(t):
    return 2 * (t - np.floor(t)) - 1


def sawtooth_of_one(x, y, grid, f, amplitude):
    low, high = np.maximum(amplitude[0], np.abs(y))[:, None], amplitude[1]
    d = f * (grid[None, :] - x[:, None])
    d -= np.floor(d)
    # The jump is passed where t + d >= 1, y / a >= 1 - 2 d.
    with np.errstate(divide="ignore"):
        at = y[:, None] / (1 - 2 * d)
    at = np.clip(np.where(np.isfinite(at), at, np.inf), low, high)
    # With y above 0, up to there, and always in the tooth's second half; else from there on, there alone.
    up, late = y[:, None] > 0, 2 * d > 1
    span = high - low
    jumped = np.where(up, np.where(late, span, at - low), np.where(late, high - at, 0))
    return y[:, None] + 2 * (d * span - jumped) / np.log(high / low)


def sawtooth_of_two(x, y, grid, f, amplitude):
    """Answers of the wave through both, and its density, 0 where there is none."""
    d = f * (x[:, 1] - x[:, 0])
    d -= np.floor(d)
    rise = y[:, 1] - y[:, 0]
    part = np.where(rise > 0, d, d - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        a = rise / (2 * part)
        t = (y[:, 0] / a + 1) / 2
    is_one = (a >= amplitude[0]) & (a <= amplitude[1]) & (t >= 0) & (t < 1) & ((t + d >= 1) == (part < 0))
    answers = a[:, None] * saw(f * (grid[None, :] - x[:, :1]) + t[:, None])
    with np.errstate(divide="ignore"):
        density = np.where(is_one, 1 / (a * np.abs(part)), 0)
    return np.where(is_one[:, None], answers, 0), density


def sawtooth_means(x, y, grid, noise, f, amplitude):
    tasks, k = x.shape
    if k == 0:
        return np.zeros((tasks, len(grid)))
    if noise == 0:
        if k == 1:
            return sawtooth_of_one(x[:, 0], y[:, 0], grid, f, amplitude)
        # All points are of one wave: the two that are furthest apart in their tooth, for the rounding.
        d = f * (x[:, 1:] - x[:, :1])
        d -= np.floor(d)
        other = 1 + np.argmax(np.minimum(d, 1 - d), 1)[:, None]
        pair = lambda values: np.concatenate([values[:, :1], np.take_along_axis(values, other, 1)], 1)
        return sawtooth_of_two(pair(x), pair(y), grid, f, amplitude)[0]
    best, weight, mean = np.full(tasks, -np.inf), np.zeros(tasks), np.zeros((tasks, len(grid)))
    for shift in nodes(0, 1, 700):
        u = saw(f * x + shift)
        likelihood, a = uniform_factor(*amplitude, noise, (u * u).sum(1), (y * u).sum(1), (y * y).sum(1))
        higher = np.maximum(best, likelihood)
        old, new = np.exp(best - higher), np.exp(likelihood - higher)
        weight = weight * old + new
        mean = mean * old[:, None] + (new * a)[:, None] * saw(f * grid + shift)[None, :]
        best = higher
    return mean / weight[:, None]


def sawtooth():
    ends, amplitude, f = (-5.0, 5.0), (0.1, 5.0), 0.2
    square = (amplitude[0] ** 2 + amplitude[0] * amplitude[1] + amplitude[1] ** 2) / 3
    for noise in (0.0, 0.3):
        task = ['family = "sawtooth"', f"amplitude = {list(amplitude)}", f"frequency = [{f}, {f}]", f"noise = {noise}"]
        known = lambda x, y, grid: sawtooth_means(x, y, grid, noise, f, amplitude)
        if noise == 0:
            floor, _, (x, y, grids, truth) = run(ends, [*task, "shots = 8"], ["test_tasks = 500", "grid = 20", "points = 8", "steps = 0"], RANDOM)
            means = [known(x[:, :k], y[:, :k], grids[0]) for k in range(9)]
            close("sawtooth, floor in closed form, K = 0 .. 8", floor, [squared(of, truth).mean() for of in means], 1e-6)

        ours, _, (x, y, grids, truth) = run(ends, [*task, "shots = 5"], [f"test_tasks = {TASKS}", "grid = 9", "points = 5", "steps = 0"], RANDOM)
        shown, grid = [0, 1, 2, 5], grids[0]
        errors = lambda x, y, truth: [squared(known(x[:, :k], y[:, :k], grid), truth) for k in shown]
        theirs = in_parts(len(x), 5_000, lambda some: errors(x[some], y[some], truth[some]))
        close(f"sawtooth, noise {noise}, floor at K = 0, 1, 2, 5 over the program's {len(x)} tasks", [ours[k] for k in shown], [of.mean() for of in theirs], 0.01)
        random = np.random.default_rng(3)
        x, a, s = random.uniform(*ends, (TASKS, 5)), random.uniform(*amplitude, (TASKS, 1)), random.uniform(0, 1, (TASKS, 1))
        y, truth = a * saw(f * x + s), a * saw(f * grid[None] + s)
        y += noise * random.standard_normal(x.shape)
        drawn = in_parts(TASKS, 5_000, lambda some: errors(x[some], y[some], truth[some]))
        close(f"sawtooth, noise {noise}, prior mean of {TASKS} other tasks by its formula", drawn[0].mean(), square / 3, 0.01)
        for k, one, other in zip(shown, theirs, drawn):
            if noise > 0 or k < 2:
                alike(f"sawtooth, noise {noise}, floor at K = {k} over {TASKS} other tasks", one, other)

    # Frequencies that vary: the program knows no floor. One point leaves every frequency as likely as it was; of two, each
    # frequency has one wave at most, and the nodes are weighed.
    few, frequency = min(TASKS, 10_000), (0.1, 0.3)
    task = ['family = "sawtooth"', f"amplitude = {list(amplitude)}", f"frequency = {list(frequency)}", "shots = 5"]
    floor, _, (x, y, grids, truth) = run(ends, task, [f"test_tasks = {few}", "grid = 9", "points = 5", "steps = 0"], RANDOM)
    hold("sawtooth of many frequencies", floor is None, "the program draws no floor")
    each = nodes(*frequency, 2_000)
    one = sum(sawtooth_of_one(x[:, 0], y[:, 0], grids[0], f, amplitude) for f in each[::20]) / len(each[::20])
    total, mean = np.zeros(len(x)), np.zeros_like(one)
    for f in each:
        answers, density = sawtooth_of_two(x[:, :2], y[:, :2], grids[0], f, amplitude)
        total, mean = total + density, mean + density[:, None] * answers
    # Where points nearly tell the frequency, none of the nodes may be near enough: these few tasks are left out.
    found = total > 0
    two = mean[found] / total[found, None]
    floors = [squared(0 * one, truth).mean(), squared(one, truth).mean(), squared(two, truth[found]).mean()]
    words = ", ".join(f"{floor:.4g}" for floor in floors)
    hold("sawtooth of many frequencies", floors[2] < floors[1] < floors[0], f"worked out here, at K = 0, 1, 2: {words} ({len(x) - found.sum()} tasks left out of the last); three points leave a handful of waves, four one")


def learners(what, x, task):
    """How far a few learners come, briefly trained: each lower than the best constant guess after its points."""
    trained = ["outer_steps = 6000", "meta_batch = 10", "clip = 10.0", "model = { hidden = 40 }"]
    experiments = [
        ("MAML", ['algorithm = "maml"', "inner_lr = 0.02", "inner_steps = 3", *trained]),
        ("Ridge head", ['algorithm = "ridge-head"', *trained]),
        ("CNP", ['algorithm = "cnp"', *trained]),
    ]
    floor, events, _ = run(x, [*task, "shots = [1, 10]"], ["test_tasks = 500", "points = 10", "steps = 3"], experiments, False)
    # Without points: what the best answer loses, or a network that has seen none.
    say = lambda mean: ", ".join(f"{mean[k]:.3g}" for k in (0, 1, 5, 10))
    print(f"      {what}, floor at K = 0, 1, 5, 10: {say(floor) if floor else 'not known'}")
    for event in (event for event in events if event["event"] == "evaluated"):
        mean = event["points"]["mean"]
        guess = floor[0] if floor else event["points"]["mean"][0]
        hold(f"{what}, {event['experiment']}", mean[10] < guess, f"at K = 0, 1, 5, 10: {say(mean)}")


FAMILIES = {kernel: (lambda kernel=kernel: gp(kernel)) for kernel in ("rbf", "matern-5/2", "periodic")} | {"step": step, "sawtooth": sawtooth}
LEARNED = {
    "rbf": [("gp rbf", (-2.0, 2.0), ['family = "gp"', 'kernel = "rbf"'])],
    "matern-5/2": [("gp matern-5/2", (-2.0, 2.0), ['family = "gp"', 'kernel = "matern-5/2"'])],
    "periodic": [("gp periodic", (-2.0, 2.0), ['family = "gp"', 'kernel = "periodic"'])],
    "step": [("step", (-5.0, 5.0), ['family = "step"'])],
    "sawtooth": [
        ("sawtooth", (-5.0, 5.0), ['family = "sawtooth"']),
        ("sawtooth of many frequencies", (-5.0, 5.0), ['family = "sawtooth"', "frequency = [0.1, 0.3]"]),
    ],
}
for family in sys.argv[3:] or FAMILIES:
    FAMILIES[family]()
    for case in LEARNED[family]:
        learners(*case)
print(f"{failures} failures")
sys.exit(bool(failures))
