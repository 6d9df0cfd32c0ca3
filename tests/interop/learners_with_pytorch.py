#!/usr/bin/env python3
"""Checks every learner's checkpoints against PyTorch: their adaptation by their own rule, and their meta-gradients.

    learners_with_pytorch.py METASCOPE       METASCOPE is the built program

A small study of all learners is trained; each checkpoint is loaded here, adapted by its learner's rule as its paper
has it, and its curve is held against `metascope eval`, its gradient by everything in it against `metascope gradient`
(in 64 bits). Prints every gap it measured; exits with 1 if one is too large.
"""

import json
import math
import pathlib
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from with_pytorch import ACTIVATIONS, CURVE_BOUND, Metascope, Verdicts, column, random_tasks

STEPS = [0, 1, 2, 3, 5, 8]
GRADIENT_BOUND = 1e-9

STUDY = """
[defaults]
seeds = 1
outer_steps = 400
meta_batch = 4
inner_lr = 0.02
inner_steps = 3
clip = 10.0
[task]
train_tasks = "fresh"
[model]
activation = "{activation}"
layers = {layers}
precision = "{precision}"
[evaluation]
test_tasks = 2
steps = 2
"""

LEARNERS = [
    ("anil", ""),
    ("boil", ""),
    ("meta-sgd", ""),
    ("layer-step-rates", 'step_loss = "all"'),
    ("cavia", "context = 3\ninner_lr = 0.5"),
    ("meta-curvature", ""),
    ("ridge-head", 'outer_loss = "mse"'),
    ("ridge-head", 'outer_loss = "nll"'),
]


def weights_of(params):
    """The network's own tensors, in the order of its layers."""
    names = []
    for layer in [name[:-7] for name in params if name.endswith(".weight") and "." not in name[:-7]]:
        names += [f"{layer}.weight", f"{layer}.bias"]
    return [name for name in names if name in params]


def features(params, x, activation, context=None):
    act = ACTIVATIONS[activation]
    h, layer = x, 1
    while f"hidden{layer}.weight" in params:
        weight, bias = params[f"hidden{layer}.weight"], params[f"hidden{layer}.bias"]
        if layer == 1 and context is not None:
            h = torch.cat([h, context.expand(len(h), -1)], 1)
        h = act(h @ weight.T + bias)
        layer += 1
    return h


def network(params, x, activation, context=None):
    return features(params, x, activation, context) @ params["out.weight"].T + params["out.bias"]


def mse(a, b):
    return ((a - b) ** 2).mean()


class Rule:
    """A learner's adaptation, one step after another, differentiable unless first_order."""

    def __init__(self, metadata, params, first_order=False):
        self.name, self.activation = metadata["algorithm"], metadata["activation"]
        self.alpha = float(metadata.get("inner_lr", 0))
        self.params, self.first_order = params, first_order
        self.now, self.taken = dict(params), 0
        if self.name == "cavia":
            width = params["hidden1.weight"].shape[1] - 1
            self.context = torch.zeros(1, width, dtype=params["out.bias"].dtype, requires_grad=True)

    def predict(self, x):
        return network(self.now, x, self.activation, getattr(self, "context", None))

    def gradients(self, loss, of):
        found = torch.autograd.grad(loss, of, create_graph=not self.first_order)
        return [g.detach() for g in found] if self.first_order else found

    def step(self, x, y):
        if self.name == "ridge-head":
            if self.taken == 0:
                self.solve(x, y)
            self.taken += 1
            return
        loss = mse(self.predict(x), y)
        if self.name == "cavia":
            (g,) = self.gradients(loss, [self.context])
            self.context = self.context - self.alpha * g
        else:
            names = [name for name in weights_of(self.params) if self.moves(name)]
            found = self.gradients(loss, [self.now[name] for name in names])
            for name, g in zip(names, found):
                self.now[name] = self.now[name] - self.scaled(name, g)
        self.taken += 1

    def moves(self, name):
        return {"anil": name.startswith("out"), "boil": not name.startswith("out")}.get(self.name, True)

    def scaled(self, name, g):
        if self.name == "meta-sgd":
            return self.params[f"inner_lr.{name}"] * g
        if self.name == "layer-step-rates":
            rates = self.params[f"inner_lr.{name}"]
            return rates[min(self.taken, len(rates) - 1)] * g
        if self.name == "meta-curvature":
            if g.ndim == 1:
                return self.alpha * self.params[f"curvature.{name}"] * g
            out, in_ = (self.params[f"curvature.{name}.{side}"] for side in ("out", "in"))
            return self.alpha * out @ g @ in_
        return self.alpha * g

    def phi(self, x):
        h = features(self.params, x, self.activation)
        return torch.cat([h, torch.ones_like(h[:, :1])], 1)

    def solve(self, x, y):
        """By the normal equations, (H+1) x (H+1)."""
        a = self.phi(x)
        prior = torch.cat([self.params["out.weight"][0], self.params["out.bias"]])
        self.lam = self.params["ridge.log_lambda"].exp()
        self.s = a.T @ a + self.lam * torch.eye(a.shape[1], dtype=a.dtype)
        w = prior + torch.linalg.solve(self.s, a.T @ (y[:, 0] - a @ prior))
        self.now["out.weight"], self.now["out.bias"] = w[None, :-1], w[-1:]

    def outer_loss(self, x, y):
        if "ridge.log_noise" not in self.params:
            return mse(self.predict(x), y)
        phi = self.phi(x)
        q = (phi * torch.linalg.solve(self.s, phi.T).T).sum(1)
        variance = self.params["ridge.log_noise"].exp() * (1 + q)
        error = (self.predict(x) - y)[:, 0]
        return (torch.log(2 * math.pi * variance) / 2 + error**2 / (2 * variance)).mean()


def points(task, dtype):
    return (column(task[key], dtype) for key in ("support_x", "support_y", "query_x", "query_y"))


def compare(metascope, verdicts, what, checkpoint, tasks):
    with safe_open(metascope.folder / checkpoint, "pt") as file:
        metadata = file.metadata()
    params = load_file(metascope.folder / checkpoint)
    dtype = params["out.bias"].dtype
    compare_curve(metascope, verdicts, what, checkpoint, metadata, params, dtype, tasks)
    if dtype == torch.float64:
        compare_gradients(metascope, verdicts, what, checkpoint, metadata, params, tasks[:4])


def compare_curve(metascope, verdicts, what, checkpoint, metadata, params, dtype, tasks):
    (metascope.folder / "tasks.json").write_text(json.dumps({"tasks": tasks}))
    steps = ",".join(map(str, STEPS))
    report = json.loads(metascope("eval", checkpoint, "--tasks", "tasks.json", "--steps", steps, "--json"))
    theirs = []
    for task in tasks:
        xs, ys, xq, yq = points(task, dtype)
        rule = Rule(metadata, {name: value.clone().requires_grad_() for name, value in params.items()})
        row = []
        for n in STEPS:
            while rule.taken < n:
                rule.step(xs, ys)
            row.append(mse(rule.predict(xq), yq).item())
        theirs.append(row)
    theirs = torch.tensor(theirs, dtype=torch.float64).mean(0)
    ours = torch.tensor(report["mean"], dtype=torch.float64)
    verdicts.judge(f"{what}: curve", ((ours - theirs).abs() / theirs).max().item(), CURVE_BOUND)


def compare_gradients(metascope, verdicts, what, checkpoint, metadata, params, tasks):
    (metascope.folder / "few.json").write_text(json.dumps({"tasks": tasks}))
    is_ridge = metadata["algorithm"] == "ridge-head"
    for steps in [1] if is_ridge else [1, 2, 4]:
        for first_order in [False] if is_ridge else [False, True]:
            flags = ["--first-order"] if first_order else []
            metascope(
                "gradient", checkpoint, "--tasks", "few.json", "--inner-steps", steps,
                "--out", "gradient.safetensors", *flags,
            )  # fmt: skip
            ours = load_file(metascope.folder / "gradient.safetensors")
            leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
            total = 0
            for task in tasks:
                xs, ys, xq, yq = points(task, torch.float64)
                rule = Rule(metadata, leaves, first_order)
                for _ in range(steps):
                    rule.step(xs, ys)
                total = total + rule.outer_loss(xq, yq) / len(tasks)
            found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
            theirs = {name: torch.zeros_like(leaves[name]) if g is None else g for name, g in zip(leaves, found)}
            assert ours.keys() == theirs.keys(), (ours.keys(), theirs.keys())
            largest = max(value.abs().max().item() for value in theirs.values())
            gap = max((ours[name] - theirs[name]).abs().max().item() for name in ours) / largest
            order = "first order" if first_order else "exact"
            verdicts.judge(f"{what}: gradient, {steps} steps, {order}", gap, GRADIENT_BOUND)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve()
    torch.set_num_threads(1)
    tasks = random_tasks(40, torch.Generator().manual_seed(21))
    verdicts = Verdicts()
    print(f"PyTorch {torch.__version__}, {program}")
    for activation, layers, precision in [("relu", 2, "f32"), ("relu", 2, "f64"), ("tanh", 3, "f64"), ("tanh", 1, "f64")]:
        with tempfile.TemporaryDirectory() as folder:
            metascope = Metascope(program, pathlib.Path(folder))
            text = STUDY.format(activation=activation, layers=layers, precision=precision)
            for number, (learner, lines) in enumerate(LEARNERS):
                text += f'[[experiment]]\nname = "{learner} {number}"\nalgorithm = "{learner}"\n{lines}\n'
            (metascope.folder / "learners.toml").write_text(text)
            for event in map(json.loads, metascope("run", "learners.toml", "--json").splitlines()):
                if event["event"] == "finished":
                    what = f"{event['experiment']}, {activation} x{layers} {precision}"
                    compare(metascope, verdicts, what, event["checkpoint"], tasks)
    sys.exit(f"{verdicts.failed} gaps are too large" if verdicts.failed else 0)


if __name__ == "__main__":
    main()
