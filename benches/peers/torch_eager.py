"""What most people run today: one meta-training step of the sine notebook in eager PyTorch.

Usage:  taskset -c 1 python benches/peers/torch_eager.py  (needs: requirements.txt beside it)
Prints one JSON object, microseconds per task, one thread; meta-batch 1, 10 support and 10 query points,
1-40-40-1 ReLU network, Adam. The exact gradient is torch.autograd.grad with create_graph.
"""
import json, time
import numpy as np, torch
import torch.nn.functional as F
from torch.func import functional_call

torch.set_num_threads(1)
LR, SHOTS = 0.01, 10
net = torch.nn.Sequential(torch.nn.Linear(1, 40), torch.nn.ReLU(), torch.nn.Linear(40, 40),
                          torch.nn.ReLU(), torch.nn.Linear(40, 1))
theta = dict(net.named_parameters())
rng = np.random.default_rng(0)


def task():
    a, b = rng.uniform(0.1, 5), rng.uniform(0, 2 * np.pi)
    x = rng.uniform(-5, 5, (2 * SHOTS, 1))
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(a * np.sin(x + b), dtype=torch.float32)
    return x[:SHOTS], y[:SHOTS], x[SHOTS:], y[SHOTS:]


def mse(p, x, y):
    return F.mse_loss(functional_call(net, p, (x,)), y)


def adapt(p, x, y, steps, create_graph):
    for _ in range(steps):
        g = torch.autograd.grad(mse(p, x, y), list(p.values()), create_graph=create_graph)
        p = {n: w - LR * g for (n, w), g in zip(p.items(), g)}
    return p


def maml(xs, ys, xq, yq):
    mse(adapt(theta, xs, ys, 1, True), xq, yq).backward()


def fomaml(xs, ys, xq, yq):
    mse(adapt(theta, xs, ys, 1, False), xq, yq).backward()


def reptile(xs, ys, xq, yq):
    q = adapt(theta, xs, ys, 3, False)
    for n, w in theta.items():
        w.grad = (w.detach() - q[n].detach()) / (3 * LR)


def transfer(xs, ys, xq, yq):
    mse(theta, xs, ys).backward()


def microseconds(gradient, steps=150, repeats=7):
    adam, times = torch.optim.Adam(net.parameters()), []
    for r in range(repeats + 1):
        t = time.perf_counter()
        for _ in range(steps):
            adam.zero_grad()
            gradient(*task())
            adam.step()
        times.append((time.perf_counter() - t) / steps * 1e6)
    return float(np.median(times[1:])), min(times[1:])


if __name__ == "__main__":
    out = {"torch": torch.__version__}
    for name, f in {"maml": maml, "fomaml": fomaml, "reptile k=3": reptile, "transfer": transfer}.items():
        median, least = microseconds(f)
        out[f"{name} B=1"] = dict(median_us=round(median, 1), min_us=round(least, 1))
    print(json.dumps(out, indent=1))
