#!/usr/bin/env python3
"""Checks the checkpoints of networks that read their points against PyTorch.

    reading_with_pytorch.py METASCOPE       METASCOPE is the built program

A small study of cnp, transformer and metafun is trained, with both outer losses, in 32 and 64 bits. Each checkpoint is
loaded into the modules below, strictly, and its answers are held against those of `metascope eval`, after no points and
some, and for metafun after several updates. Prints every gap it measured, in units of the tallest waves; exits with 1 if
one is too large.
"""

import json
import math
import pathlib
import sys
import tempfile

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from with_pytorch import Metascope, Verdicts

BOUND = 1e-5
SHOTS = [1, 2, 10, 20]

STUDY = """
[defaults]
seeds = 1
outer_steps = 300
meta_batch = 4
outer_lr = 0.002
clip = 10.0
[task]
phase = [0.0, 3.0]
x = [-4.0, 6.0]
shots = [0, 20]
query = 20
train_tasks = "fresh"
[model]
precision = "{precision}"
[evaluation]
test_tasks = 2
steps = 2
"""

LEARNERS = [
    ("cnp", 64, ""),
    ("cnp", 40, 'outer_loss = "nll"'),
    ("transformer", 32, "task = { shots = 20 }"),
    ("transformer", 40, 'blocks = 3\nouter_loss = "nll"\ntask = { shots = 20 }'),
    ("metafun", 64, "inner_steps = 5"),
    ("metafun", 16, 'inner_steps = 2\nouter_loss = "nll"'),
]


def layers(*sizes):
    return nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes, sizes[1:]))


def through(layers, h):
    for layer in layers[:-1]:
        h = torch.relu(layer(h))
    return layers[-1](h)


def norm(h):
    return nn.functional.layer_norm(h, h.shape[-1:], eps=1e-5)


class Cnp(nn.Module):
    def __init__(self, w, outputs, _):
        super().__init__()
        self.encoder, self.decoder = layers(2, w, w, w), layers(w + 1, w, w, outputs)
        self.prior = nn.Parameter(torch.zeros(w))

    def forward(self, x, y, query, n):
        known = len(x) > 0 and n > 0
        r = through(self.encoder, torch.cat([x, y], 1)).mean(0) if known else self.prior
        return through(self.decoder, torch.cat([r.expand(len(query), -1), query], 1))


class Block(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.qkv, self.out, self.mlp = nn.Linear(w, 3 * w), nn.Linear(w, w), layers(w, 2 * w, w)


class Transformer(nn.Module):
    HEADS = 4

    def __init__(self, w, outputs, blocks):
        super().__init__()
        self.embedding, self.readout = layers(3, w, w), layers(w, w, outputs)
        self.block = nn.ModuleList(Block(w) for _ in range(blocks))

    def forward(self, x, y, query, n):
        if n == 0:
            x, y = x[:0], y[:0]
        k, m = len(x), len(query)
        ones, zeros = torch.ones_like(x), torch.zeros_like(query)
        h = through(self.embedding, torch.cat([torch.cat([x, y, ones], 1), torch.cat([query, zeros, zeros], 1)]))
        # A support token sees those before it, a query token all of them; both see themselves.
        sees = torch.eye(k + m, dtype=torch.bool)
        sees[:k, :k] |= torch.ones(k, k, dtype=torch.bool).tril()
        sees[k:, :k] = True
        for block in self.block:
            heads = lambda a: a.reshape(k + m, self.HEADS, -1).transpose(0, 1)
            q, key, v = (heads(a) for a in block.qkv(norm(h)).chunk(3, 1))
            taken = nn.functional.scaled_dot_product_attention(q, key, v, attn_mask=sees)
            h = h + block.out(taken.transpose(0, 1).reshape(k + m, -1))
            h = h + through(block.mlp, norm(h))
        return through(self.readout, norm(h[k:]))


class MetaFun(nn.Module):
    def __init__(self, w, outputs, _):
        super().__init__()
        self.feature, self.update = layers(1, w, w), layers(w + 2, w, w, w)
        self.decoder, self.prior = layers(w + 1, w, w, outputs), nn.Parameter(torch.zeros(w))
        self.alpha, self.log_scale = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))

    def forward(self, x, y, query, n):
        everywhere, k = torch.cat([x, query]), len(x)
        r = self.prior.expand(len(everywhere), -1)
        if k > 0 and n > 0:
            phi = through(self.feature, everywhere)
            distance = ((phi[:, None] - phi[None, :k]) ** 2).sum(2)
            kernel = torch.exp(-self.log_scale.exp() * distance / (2 * phi.shape[1]))
            for _ in range(n):
                u = through(self.update, torch.cat([x, y, r[:k]], 1))
                r = r - self.alpha / k * kernel @ u
        return through(self.decoder, torch.cat([query, r[k:]], 1))


KINDS = {"cnp": Cnp, "transformer": Transformer, "metafun": MetaFun}


def loaded(path):
    with safe_open(path, "pt") as file:
        words = file.metadata()
    tensors = load_file(path)
    last = "readout.1.bias" if words["algorithm"] == "transformer" else "decoder.2.bias"
    width = tensors["embedding.0.bias" if words["algorithm"] == "transformer" else "prior"].shape[0]
    blocks = sum(name.endswith(".qkv.bias") for name in tensors)
    model = KINDS[words["algorithm"]](width, tensors[last].shape[0], blocks).to(tensors[last].dtype)
    model.load_state_dict(tensors, strict=True)
    return model, words, tensors[last].dtype


def one_point_tasks(shots, generator):
    """Each asks for one answer and says that 0 were right, so that its loss is the answer's square."""
    uniform = lambda low, high, *size: low + (high - low) * torch.rand(size, generator=generator, dtype=torch.float64)
    tasks = []
    for _ in range(25):
        a, b = uniform(0.1, 5.0).item(), uniform(0.0, 3.0).item()
        x = uniform(-4.0, 6.0, shots).tolist()
        y = [a * math.sin(value + b) for value in x]
        query = uniform(-4.0, 6.0, 1).tolist()
        tasks.append({"amplitude": a, "phase": b, "support_x": x, "support_y": y, "query_x": query, "query_y": [0.0]})
    return tasks


def compare(metascope, verdicts, what, checkpoint, generator):
    model, words, dtype = loaded(metascope.folder / checkpoint)
    center, half, height = (float(words[key]) for key in ("x_center", "x_scale", "y_scale"))
    steps = [0, 1, 3, 5, 7] if words["algorithm"] == "metafun" else [0, 1]
    worst = 0.0
    for shots in SHOTS:
        tasks = one_point_tasks(shots, generator)
        (metascope.folder / "tasks.json").write_text(json.dumps({"tasks": tasks}))
        listed = ",".join(map(str, steps))
        report = json.loads(metascope("eval", checkpoint, "--tasks", "tasks.json", "--steps", listed, "--json"))
        for task, losses in zip(tasks, report["losses"], strict=True):
            units = lambda key, low, scale: (torch.tensor(task[key], dtype=dtype).unsqueeze(1) - low) / scale
            x, y, query = units("support_x", center, half), units("support_y", 0.0, height), units("query_x", center, half)
            for n, loss in zip(steps, losses, strict=True):
                with torch.no_grad():
                    answer = model(x, y, query, n)[0, 0].item()
                gap = abs(abs(answer) - math.sqrt(loss) / height)
                worst = max(worst, gap) if gap == gap else math.nan
    verdicts.judge(f"{what}: answers", worst, BOUND)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve()
    torch.set_num_threads(1)
    generator, verdicts, seen = torch.Generator().manual_seed(5), Verdicts(), 0
    print(f"PyTorch {torch.__version__}, {program}")
    for precision in ("f32", "f64"):
        with tempfile.TemporaryDirectory() as folder:
            metascope = Metascope(program, pathlib.Path(folder))
            text = STUDY.format(precision=precision)
            for number, (learner, width, lines) in enumerate(LEARNERS):
                text += f'[[experiment]]\nname = "{learner} {number}"\nalgorithm = "{learner}"\n{lines}\n'
                text += f"model = {{ hidden = {width} }}\n"
            (metascope.folder / "reading.toml").write_text(text)
            for event in map(json.loads, metascope("run", "reading.toml", "--json").splitlines()):
                if event["event"] == "finished":
                    compare(metascope, verdicts, f"{event['experiment']}, {precision}", event["checkpoint"], generator)
                    seen += 1
    if seen != 2 * len(LEARNERS):
        sys.exit(f"{seen} checkpoints were compared")
    sys.exit(f"{verdicts.failed} gaps are too large" if verdicts.failed else 0)


if __name__ == "__main__":
    main()
