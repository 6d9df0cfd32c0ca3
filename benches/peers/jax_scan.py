"""The peer to beat: one meta-training step of the sine notebook in JAX, compiled by XLA inside one lax.scan.

Usage:  taskset -c 1 python benches/peers/jax_scan.py     (needs: requirements.txt beside it)
Prints one JSON object: {"maml B=1": {"median_us": .., "min_us": ..}, ...}, microseconds per task, one
CPU thread. A task is 10 support and 10 query points through a 1-40-40-1 ReLU network; a step includes Adam.
The sampling of the tasks is inside the timing, as it is for anybody who trains.
Nothing here is slowed down: the fastest of two formulations of the exact MAML gradient is reported, with the
parameters kept as a tree and as one flat vector.
"""
import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"
import functools, json, time
import jax, jax.numpy as jnp, numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree

LR, SHOTS = 0.01, 10
tree = jax.tree_util.tree_map


def init(key):
    k = jax.random.split(key, 6)
    u = lambda k, s, f: jax.random.uniform(k, s, minval=-1, maxval=1) / np.sqrt(f)
    return dict(w1=u(k[0], (1, 40), 1), b1=u(k[1], (40,), 1), w2=u(k[2], (40, 40), 40),
                b2=u(k[3], (40,), 40), w3=u(k[4], (40, 1), 40), b3=u(k[5], (1,), 40))


def loss(p, x, y):
    h = jax.nn.relu(x[:, None] * p["w1"] + p["b1"])
    h = jax.nn.relu(h @ p["w2"] + p["b2"])
    return jnp.mean(((h @ p["w3"])[:, 0] + p["b3"] - y) ** 2)


grad = jax.grad(loss)
sgd = lambda p, g: tree(lambda a, b: a - LR * b, p, g)


def maml_reverse(p, xs, ys, xq, yq):
    return jax.grad(lambda p: loss(sgd(p, grad(p, xs, ys)), xq, yq))(p)


def maml_forward_over_reverse(p, xs, ys, xq, yq):
    v = grad(sgd(p, grad(p, xs, ys)), xq, yq)
    return sgd(v, jax.jvp(lambda q: grad(q, xs, ys), (p,), (v,))[1])


def first_order(p, xs, ys, xq, yq):
    return grad(sgd(p, grad(p, xs, ys)), xq, yq)


def reptile_3(p, xs, ys, xq, yq):
    q = p
    for _ in range(3):
        q = sgd(q, grad(q, xs, ys))
    return tree(lambda a, b: (a - b) / (3 * LR), p, q)


def transfer(p, xs, ys, xq, yq):
    return grad(p, xs, ys)


def transfer_pooled(p, xs, ys, xq, yq):
    """All tasks share the weights, so a meta-batch is one batch of points: one larger matrix product."""
    return grad(p, xs.reshape(-1), ys.reshape(-1))


def adam(p, g, state, lr=1e-3):
    m, v, c1, c2 = state
    c1, c2 = c1 * 0.9, c2 * 0.999
    m = tree(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    v = tree(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
    i1, i2 = lr / (1 - c1), lax.rsqrt(1 - c2)
    return tree(lambda w, m, v: w - i1 * m / (jnp.sqrt(v) * i2 + 1e-8), p, m, v), (m, v, c1, c2)


def trainer(meta_gradient, batch, flat):
    _, unravel = ravel_pytree(init(jax.random.PRNGKey(0)))

    @functools.partial(jax.jit, static_argnums=2)
    def run(p, key, steps):
        k1, k2, k3 = jax.random.split(key, 3)
        a = jax.random.uniform(k1, (steps, batch, 1), minval=0.1, maxval=5.0)
        b = jax.random.uniform(k2, (steps, batch, 1), minval=0.0, maxval=2 * np.pi)
        x = jax.random.uniform(k3, (steps, batch, 2 * SHOTS), minval=-5.0, maxval=5.0)
        y = a * jnp.sin(x + b)
        w = ravel_pytree(p)[0] if flat else p
        zeros = tree(jnp.zeros_like, w)

        def step(carry, xy):
            w, state = carry
            p, (x, y) = (unravel(w) if flat else w), xy
            f = lambda x, y: meta_gradient(p, x[:SHOTS], y[:SHOTS], x[SHOTS:], y[SHOTS:])
            if meta_gradient is transfer_pooled:
                g = transfer_pooled(p, x[:, :SHOTS], y[:, :SHOTS], None, None)
            else:
                g = f(x[0], y[0]) if batch == 1 else tree(lambda g: g.mean(0), jax.vmap(f)(x, y))
            return adam(w, ravel_pytree(g)[0] if flat else g, state), None

        (w, _), _ = lax.scan(step, (w, (zeros, zeros, jnp.float32(1), jnp.float32(1))), (x, y))
        return unravel(w) if flat else w

    return run


def microseconds(run, steps, batch, repeats=7):
    p, key, times = init(jax.random.PRNGKey(0)), jax.random.PRNGKey(1), []
    jax.block_until_ready(run(p, key, steps))
    for _ in range(repeats):
        t = time.perf_counter()
        jax.block_until_ready(run(p, key, steps))
        times.append((time.perf_counter() - t) / steps / batch * 1e6)
    return float(np.median(times)), min(times)


if __name__ == "__main__":
    kinds = {"maml": [maml_reverse, maml_forward_over_reverse], "fomaml": [first_order],
             "reptile k=3": [reptile_3], "transfer": [transfer, transfer_pooled]}
    out = {"jax": jax.__version__}
    for batch, steps in ((1, 20000), (25, 1000)):
        for name, forms in kinds.items():
            best = min(microseconds(trainer(f, batch, flat), steps, batch) for f in forms for flat in (True, False))
            out[f"{name} B={batch}"] = dict(median_us=round(best[0], 2), min_us=round(best[1], 2))
    print(json.dumps(out, indent=1))
