#!/usr/bin/env python3
"""Checks metascope's checkpoints, adaptation curves and meta-gradients against PyTorch, both ways.

    with_pytorch.py METASCOPE       METASCOPE is the built program

Prints every gap it measured; exits with 1 if one is too large.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torch.func import functional_call

WIDTHS = [16, 32, 40, 64, 100, 128]
STEPS = [0, 1, 2, 5, 10, 32]
CURVE_BOUND = 1e-4
GRADIENT_BOUND = {torch.float64: 1e-10, torch.float32: 2e-6}
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}


class Mlp(nn.Module):
    """The 1-H-H-1 network, its layers named as in a checkpoint."""

    def __init__(self, hidden, activation):
        super().__init__()
        self.hidden1 = nn.Linear(1, hidden)
        self.hidden2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 1)
        self.activation = activation

    def forward(self, x):
        act = ACTIVATIONS[self.activation]
        return self.out(act(self.hidden2(act(self.hidden1(x)))))


def random_tasks(count, generator, support=10, grid=50):
    """Sine tasks in the form of a --tasks file: 64-bit numbers, drawn here."""
    tasks = []
    for _ in range(count):
        uniform = lambda low, high, size: low + (high - low) * torch.rand(
            size, generator=generator, dtype=torch.float64
        )
        a, b = uniform(0.1, 5.0, ()).item(), uniform(0.0, 2 * math.pi, ()).item()
        xs, xq = uniform(-5.0, 5.0, support), torch.linspace(-5.0, 5.0, grid, dtype=torch.float64)
        wave = lambda x: [a * math.sin(value + b) for value in x.tolist()]
        tasks.append(
            {
                "amplitude": a,
                "phase": b,
                "support_x": xs.tolist(),
                "support_y": wave(xs),
                "query_x": xq.tolist(),
                "query_y": wave(xq),
            }
        )
    return tasks


def column(values, dtype):
    return torch.tensor(values, dtype=torch.float64).to(dtype).unsqueeze(1)


def adaptation_losses(model, tasks, inner_lr, dtype):
    """Query loss of each task after each of STEPS steps of torch.optim.SGD."""
    start = {name: value.clone() for name, value in model.state_dict().items()}
    mse, losses = nn.MSELoss(), []
    for task in tasks:
        xs, ys, xq, yq = (
            column(task[key], dtype) for key in ("support_x", "support_y", "query_x", "query_y")
        )
        model.load_state_dict(start)
        optimiser = torch.optim.SGD(model.parameters(), lr=inner_lr)
        row, taken = [], 0
        for n in STEPS:
            while taken < n:
                optimiser.zero_grad()
                mse(model(xs), ys).backward()
                optimiser.step()
                taken += 1
            with torch.no_grad():
                row.append(mse(model(xq), yq).item())
        losses.append(row)
    model.load_state_dict(start)
    return torch.tensor(losses, dtype=torch.float64)


def meta_gradient(model, tasks, inner_lr, inner_steps, first_order, dtype):
    """Mean over tasks of d query loss(after the inner steps) / d initial weights."""
    names = [name for name, _ in model.named_parameters()]
    theta = [value for _, value in model.named_parameters()]
    mse = nn.MSELoss()
    total = [torch.zeros_like(value) for value in theta]
    for task in tasks:
        xs, ys, xq, yq = (
            column(task[key], dtype) for key in ("support_x", "support_y", "query_x", "query_y")
        )
        adapted = list(theta)
        for _ in range(inner_steps):
            loss = mse(functional_call(model, dict(zip(names, adapted)), (xs,)), ys)
            gradients = torch.autograd.grad(loss, adapted, create_graph=not first_order)
            adapted = [w - inner_lr * g for w, g in zip(adapted, gradients)]
        loss = mse(functional_call(model, dict(zip(names, adapted)), (xq,)), yq)
        for sum_, gradient in zip(total, torch.autograd.grad(loss, theta)):
            sum_ += gradient / len(tasks)
    return dict(zip(names, total))


class Metascope:
    """The program under test, in a folder of its own."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def __call__(self, *arguments):
        done = subprocess.run(
            [self.program, *map(str, arguments)], cwd=self.folder, text=True, capture_output=True
        )
        if done.returncode != 0:
            sys.exit(f"metascope {arguments}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout


class Verdicts:
    def __init__(self):
        self.failed = 0

    def judge(self, what, gap, bound):
        good = gap <= bound  # False for NaN, too.
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what:68} {gap:.1e}  (at most {bound:.0e})", flush=True)


def compare_curve(metascope, verdicts, what, checkpoint, model, dtype, tasks):
    """`metascope eval` of a file against PyTorch's adaptation of the same network."""
    (metascope.folder / "tasks.json").write_text(json.dumps({"tasks": tasks}))
    steps = ",".join(map(str, STEPS))
    report = json.loads(
        metascope("eval", checkpoint, "--tasks", "tasks.json", "--steps", steps, "--inner-lr", 0.01, "--json")
    )
    ours = torch.tensor(report["losses"], dtype=torch.float64)
    theirs = adaptation_losses(model, tasks, 0.01, dtype)
    means = torch.tensor(report["mean"], dtype=torch.float64)
    gap = ((means - theirs.mean(0)).abs() / theirs.mean(0)).max().item()
    worst = ((ours - theirs).abs() / theirs).max().item()
    verdicts.judge(f"{what}: curve (worst single task {worst:.0e})", gap, CURVE_BOUND)


def metascope_to_pytorch(metascope, verdicts, tasks):
    metascope("init", "--preset", "quick", "quick.toml")
    lines = metascope("run", "quick.toml", "--seed", 3, "--json").splitlines()
    for event in map(json.loads, lines):
        if event["event"] != "finished":
            continue
        path = metascope.folder / event["checkpoint"]
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
        weights = load_file(path)
        model = Mlp(weights["hidden1.bias"].shape[0], metadata["activation"])
        model.load_state_dict(weights, strict=True)
        what = f"metascope -> PyTorch, {metadata['experiment']}"
        compare_curve(metascope, verdicts, what, event["checkpoint"], model, torch.float32, tasks)


def pytorch_to_metascope(metascope, verdicts, tasks, generator):
    few = tasks[:3]
    for hidden in WIDTHS:
        for activation in ACTIVATIONS:
            for dtype in (torch.float32, torch.float64):
                torch.manual_seed(hidden)
                model = Mlp(hidden, activation).to(dtype)
                train(model, dtype, generator)
                # relu is what a file without metadata means.
                metadata = None if activation == "relu" else {"activation": activation}
                state = {name: value.contiguous() for name, value in model.state_dict().items()}
                save_file(state, metascope.folder / "pytorch.safetensors", metadata)
                what = f"PyTorch -> metascope, {hidden} {activation} {str(dtype)[6:]}"
                compare_curve(metascope, verdicts, what, "pytorch.safetensors", model, dtype, tasks)
                compare_gradients(metascope, verdicts, what, model, dtype, few)


def compare_gradients(metascope, verdicts, what, model, dtype, tasks):
    (metascope.folder / "few.json").write_text(json.dumps({"tasks": tasks}))
    for inner_steps in (1, 2, 5):
        for first_order in (False, True):
            flags = ["--first-order"] if first_order else []
            metascope(
                "gradient", "pytorch.safetensors", "--tasks", "few.json", "--inner-lr", 0.02,
                "--inner-steps", inner_steps, "--out", "gradient.safetensors", *flags,
            )  # fmt: skip
            ours = load_file(metascope.folder / "gradient.safetensors")
            # The judge computes in 64 bits whatever the file has: its own rounding is not the question.
            judge = Mlp(model.hidden1.out_features, model.activation).double()
            judge.load_state_dict(model.state_dict())
            theirs = meta_gradient(judge, tasks, 0.02, inner_steps, first_order, torch.float64)
            assert ours.keys() == theirs.keys()
            assert all(value.dtype == dtype for value in ours.values())
            difference = max((ours[name].double() - theirs[name]).abs().max().item() for name in ours)
            largest = max(value.abs().max().item() for value in theirs.values())
            order = "first order" if first_order else "exact"
            verdicts.judge(
                f"{what}: gradient, {inner_steps} steps, {order}", difference / largest, GRADIENT_BOUND[dtype]
            )


def train(model, dtype, generator):
    """A little ordinary training, so that the weights are not just an initialisation."""
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for task in random_tasks(50, generator):
        optimiser.zero_grad()
        x, y = column(task["support_x"], dtype), column(task["support_y"], dtype)
        nn.functional.mse_loss(model(x), y).backward()
        optimiser.step()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(20)
    tasks = random_tasks(60, generator)
    verdicts = Verdicts()
    print(f"PyTorch {torch.__version__}, {program}")
    with tempfile.TemporaryDirectory() as folder:
        metascope = Metascope(program, pathlib.Path(folder))
        metascope_to_pytorch(metascope, verdicts, tasks)
        pytorch_to_metascope(metascope, verdicts, tasks, generator)
    sys.exit(f"{verdicts.failed} gaps are too large" if verdicts.failed else 0)


if __name__ == "__main__":
    main()
