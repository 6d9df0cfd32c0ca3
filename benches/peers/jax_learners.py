"""More peers to beat: one outer step of ten few-shot learners in JAX, compiled by XLA inside one lax.scan.

Usage:  taskset -c 1 python benches/peers/jax_learners.py [learner ...]     (needs: requirements.txt beside it)
Prints one JSON object: {"maml T=1 B=1": {"median_us": .., "min_us": .., "form": ..}, ...}, microseconds per task,
one CPU thread. Protocol, Adam and sampling are those of jax_scan.py, which must lie next to this file: a task is 10
support and 10 query points through a 1-40-40-1 ReLU network, and a step is the sampling, the inner adaptation, the
exact outer gradient of all meta-parameters, the clipping of its global norm where CLIPPED says so, and Adam.
Nothing here is slowed down: each is tried in four forms (ridge: two), the fastest is reported ("form"): the inner
gradient differentiated in reverse over reverse or in forward over reverse, the parameters as one flat vector or a tree.
Other forms were tried and left out because none was ever faster, on six of the learners: the mean of 25 single
gradients (up to 1.4 times slower than the gradient of the mean loss), a loop over the 25 tasks (1.4 to 2.4 times), and
in ridge-nll a differentiated Cholesky factor or an elimination in array operations (1.2 to 1.3 times).
"""
import functools, json, sys, time

from jax_scan import SHOTS, adam, tree  # first: it sets XLA's flags, which have to stand before jax is imported
import jax, jax.numpy as jnp, numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.scipy import linalg

LR, HEAD_LR, CONTEXT_LR, CONTEXT, MAX_NORM = 0.01, 0.05, 1.0, 4, 10.0


def features(w, x, context=None):
    """The second hidden layer. The context is the same at every point, so it enters as a shift of the first bias."""
    b1 = w["b1"] if context is None else w["b1"] + context @ w["w1"][1:]
    h = jax.nn.relu(x[:, None] * w["w1"][0] + b1)
    return jax.nn.relu(h @ w["w2"] + w["b2"])


# The inner losses: (what is held fixed, what is adapted) -> mean squared error.
def fit_head(fixed, w):
    h, y = fixed
    return jnp.mean(((h @ w["w3"])[:, 0] + w["b3"] - y) ** 2)


def fit_all(fixed, w):
    return fit_head((features(w, fixed[0]), fixed[1]), w)


def fit_context(fixed, context):
    w, x, y = fixed
    return fit_head((features(w, x, context), y), w)


# The inner gradient in two forms. Both are differentiated exactly, with respect to what is held fixed as well.
def reverse(fit, fixed, s):
    return jax.grad(fit, 1)(fixed, s)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def forward_over_reverse(fit, fixed, s):
    return jax.grad(fit, 1)(fixed, s)


def _backward(fit, at, u):
    """Second derivatives commute: d<dL/ds, u> is the gradient of L differentiated along s in the direction u."""
    return jax.jvp(lambda s: jax.grad(fit, (0, 1))(at[0], s), (at[1],), (u,))[1]


forward_over_reverse.defvjp(lambda fit, fixed, s: (reverse(fit, fixed, s), (fixed, s)), _backward)


# The learners: (meta-parameters, task, form of the inner gradient, inner steps) -> outer loss.
def adapt_all(rule):
    def outer(p, xs, ys, xq, yq, slope, steps):
        w = p["w"]
        for k in range(steps):
            w = rule(p, w, slope(fit_all, (xs, ys), w), k)
        return fit_all((xq, yq), w)
    return outer


def curved_step(p, w, g, k):
    """W - lr O G I for the matrices, here all transposed because the weights are stored [in, out]."""
    turn = lambda n: p["in"][n].T @ g[n] @ p["out"][n].T if g[n].ndim == 2 else p["out"][n] * g[n]
    return {n: w[n] - LR * turn(n) for n in w}


maml = adapt_all(lambda p, w, g, k: tree(lambda a, b: a - LR * b, w, g))
meta_sgd = adapt_all(lambda p, w, g, k: tree(lambda a, r, b: a - r * b, w, p["rate"], g))
layer_step_rates = adapt_all(lambda p, w, g, k: tree(  # r[k] * b as a dot: its gradient is then a dot, faster at B=1
    lambda a, r, b: a - jnp.tensordot(b, r[k], 0), w, p["rate"], g))
meta_curvature = adapt_all(curved_step)


def anil(p, xs, ys, xq, yq, slope, steps):
    """The body is not adapted: its features are computed once, and differentiated once."""
    w, hs = {n: p["w"][n] for n in ("w3", "b3")}, features(p["w"], xs)
    for _ in range(steps):
        w = tree(lambda a, b: a - HEAD_LR * b, w, slope(fit_head, (hs, ys), w))
    return fit_head((features(p["w"], xq), yq), w)


def cavia(p, xs, ys, xq, yq, slope, steps):
    context = jnp.zeros(CONTEXT)
    for _ in range(steps):
        context = context - CONTEXT_LR * slope(fit_context, (p["w"], xs, ys), context)
    return fit_context((p["w"], xq, yq), context)


def ridge(likelihood):
    """In closed form, so slope and steps are idle."""
    def outer(p, xs, ys, xq, yq, slope, steps):
        solve = functools.partial(linalg.solve, assume_a="pos")  # its rule differentiates the solution, not the factor
        phi = lambda x: jnp.concatenate([features(p["w"], x), jnp.ones((SHOTS, 1))], 1)
        a, b, lam = phi(xs), phi(xq), jnp.exp(p["log_lambda"])
        w0 = jnp.concatenate([p["w"]["w3"][:, 0], p["w"]["b3"]])
        c, gram, r = a @ b.T, a @ a.T + lam * jnp.eye(SHOTS), (ys - a @ w0)[:, None]
        if not likelihood:
            return jnp.mean((b @ w0 + c.T @ solve(gram, r)[:, 0] - yq) ** 2)
        z = solve(gram, jnp.concatenate([r, c], 1))  # one solve for the mean and the variance
        error = b @ w0 + c.T @ z[:, 0] - yq
        s2 = jnp.exp(p["log_noise"]) * (1 + ((b * b).sum(1) - (c * z[:, 1:]).sum(0)) / lam)
        return jnp.mean(jnp.log(2 * np.pi * s2) / 2 + error ** 2 / (2 * s2))
    return outer


LEARNERS = {"maml T=1": (maml, 1), "maml T=3": (maml, 3), "meta-sgd T=3": (meta_sgd, 3),
            "layer-step-rates T=3": (layer_step_rates, 3), "anil T=3": (anil, 3), "cavia T=1": (cavia, 1),
            "cavia T=3": (cavia, 3), "meta-curvature T=1": (meta_curvature, 1), "ridge-mse": (ridge(False), 0),
            "ridge-nll": (ridge(True), 0)}
# Where the outer gradient can explode: several steps through all weights or at a large rate, a learned rule.
CLIPPED = ("maml T=3", "meta-sgd T=3", "layer-step-rates T=3", "cavia T=3", "meta-curvature T=1")


def init(name, key):
    f, k = (1 + CONTEXT if name.startswith("cavia") else 1), jax.random.split(key, 6)
    u = lambda k, s, f: jax.random.uniform(k, s, minval=-1, maxval=1) / np.sqrt(f)
    w = dict(w1=u(k[0], (f, 40), f), b1=u(k[1], (40,), f), w2=u(k[2], (40, 40), 40),
             b2=u(k[3], (40,), 40), w3=u(k[4], (40, 1), 40), b3=u(k[5], (1,), 40))
    matrices = {n: v for n, v in w.items() if v.ndim == 2}
    more = {"meta-sgd": lambda: dict(rate=tree(lambda v: jnp.full(v.shape, LR), w)),
            "layer-step-rates": lambda: dict(rate=tree(lambda v: jnp.full((LEARNERS[name][1],), LR), w)),
            "meta-curvature": lambda: {"in": {n: jnp.eye(v.shape[0]) for n, v in matrices.items()}, "out": {
                n: jnp.eye(v.shape[1]) if n in matrices else jnp.ones(v.shape) for n, v in w.items()}},
            "ridge-mse": lambda: dict(log_lambda=jnp.zeros(())),
            "ridge-nll": lambda: dict(log_lambda=jnp.zeros(()), log_noise=jnp.zeros(()))}
    return dict(w=w, **more.get(name.split()[0], dict)())


def clip(g):
    norm = jnp.sqrt(sum(jnp.vdot(v, v) for v in jax.tree_util.tree_leaves(g)))
    return tree(lambda v: jnp.where(jnp.isfinite(norm), v * jnp.minimum(1.0, MAX_NORM / (norm + 1e-9)), 0.0), g)


def trainer(name, slope, flat, batch):
    outer, inner_steps = LEARNERS[name]
    unravel = ravel_pytree(init(name, jax.random.PRNGKey(0)))[1]
    def task_loss(p, x, y):
        return outer(p, x[:SHOTS], y[:SHOTS], x[SHOTS:], y[SHOTS:], slope, inner_steps)

    def batch_loss(p, x, y):
        return task_loss(p, x[0], y[0]) if batch == 1 else jax.vmap(task_loss, (None, 0, 0))(p, x, y).mean()

    @functools.partial(jax.jit, static_argnums=2)
    def run(p, key, steps):
        k1, k2, k3 = jax.random.split(key, 3)
        a = jax.random.uniform(k1, (steps, batch, 1), minval=0.1, maxval=5.0)
        b = jax.random.uniform(k2, (steps, batch, 1), minval=0.0, maxval=2 * np.pi)
        x = jax.random.uniform(k3, (steps, batch, 2 * SHOTS), minval=-5.0, maxval=5.0)
        w = ravel_pytree(p)[0] if flat else p
        zeros = tree(jnp.zeros_like, w)

        def step(carry, xy):
            w, state = carry
            g = jax.grad(batch_loss)(unravel(w) if flat else w, *xy)
            g = ravel_pytree(g)[0] if flat else g
            return adam(w, clip(g) if name in CLIPPED else g, state), None

        state = zeros, zeros, jnp.float32(1), jnp.float32(1)
        (w, _), _ = lax.scan(step, (w, state), (x, a * jnp.sin(x + b)))
        return unravel(w) if flat else w
    return run


def microseconds(run, p, steps, batch, repeats):
    times = []
    for _ in range(repeats):
        t = time.perf_counter()
        jax.block_until_ready(run(p, jax.random.PRNGKey(1), steps))
        times.append((time.perf_counter() - t) / steps / batch * 1e6)
    return float(np.median(times)), min(times)


if __name__ == "__main__":
    out = {"jax": jax.__version__}
    for batch, steps in ((1, 4000), (25, 400)):
        for name in sys.argv[1:] or LEARNERS:
            p, runs = init(name, jax.random.PRNGKey(0)), {}
            for slope in (reverse, forward_over_reverse) if LEARNERS[name][1] else (reverse,):
                for flat in (True, False):
                    label = f"{slope.__name__}, {'flat' if flat else 'tree'}"
                    runs[label] = trainer(name, slope, flat, batch)
            quick = {k: microseconds(run, p, steps, batch, 3)[1] for k, run in runs.items()}  # the first of 3 compiles
            best = min(quick, key=quick.get)
            median, least = microseconds(runs[best], p, steps, batch, 7)
            out[f"{name} B={batch}"] = dict(median_us=round(median, 2), min_us=round(least, 2), form=best)
    print(json.dumps(out, indent=1))
