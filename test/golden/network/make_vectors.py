"""Makes vectors.json: forward values and gradients of the network by PyTorch's autograd in float64.

    pip install torch==2.15.0 && python make_vectors.py > vectors.json

The equations here are written apart from the TypeScript ones: torch.nn.GRU for the recurrent part, a dense masked
N x N attention for the graphs, torch.nn.functional for the rest. Inputs and parameters are multiples of 2^-12, so
that float32 holds them exactly.
"""

import json
import sys

import torch
import torch.nn.functional as F

GRAPHS = ["industry", "financial", "flow"]
SPEC = dict(features=5, lookback=4, hidden=8, heads=2, saHidden=3, finHidden=4, headHidden=5, slope=0.2)
N, K, BONUS = 11, 3, 0.01


def draw(generator, *shape, scale=1.0):
    values = torch.randn(*shape, generator=generator, dtype=torch.float64) * scale
    return torch.round(values * 4096) / 4096


def shapes(family):
    f, h, heads = SPEC["features"], SPEC["hidden"], SPEC["heads"]
    out = {"gru.weight_ih": (3 * h, f), "gru.weight_hh": (3 * h, h), "gru.bias_ih": (3 * h,), "gru.bias_hh": (3 * h,)}
    if family != "gru":
        for g in GRAPHS:
            out |= {f"gat.{g}.weight": (h, h)}
            out |= {f"gat.{g}.{side}": (heads, h // heads) for side in ("left", "right")}
    if "sa" in family:
        s = SPEC["saHidden"]
        out |= {"sa.0.weight": (s, 200), "sa.0.bias": (s,), "sa.1.weight": (3, s), "sa.1.bias": (3,)}
    width = h if family == "gru" else 2 * h
    if "fin" in family:
        e, q = SPEC["finHidden"], SPEC["headHidden"]
        out |= {"fin.weight": (e, 36), "fin.bias": (e,), "head.0.weight": (q, width + e), "head.0.bias": (q,)}
        out |= {"head.1.weight": (1, q), "head.1.bias": (1,)}
    else:
        out |= {"head.weight": (1, width), "head.bias": (1,)}
    return out


def gru(p, x, mask):
    """One step of torch.nn.GRU at a time, so that a masked day can keep its state."""
    cell = torch.nn.GRU(SPEC["features"], SPEC["hidden"], dtype=torch.float64)
    weights = {f"{n}_l0": p[f"gru.{n}"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    call = lambda xt, h: torch.func.functional_call(cell, weights, (xt[None], h[None]))[1][0]
    h = torch.zeros(x.shape[1], SPEC["hidden"], dtype=torch.float64)
    for t in range(x.shape[0]):
        m = mask[t][:, None]
        h = m * call(x[t], h) + (1 - m) * h
    return h


def gat(p, g, h, neighbours):
    n, width = h.shape
    heads = SPEC["heads"]
    present = torch.eye(n, dtype=torch.bool)
    for i in range(n):
        for j in neighbours[i]:
            if j >= 0:
                present[i, j] = True
    projected = (h @ p[f"gat.{g}.weight"].T).reshape(n, heads, width // heads)
    s = (projected * p[f"gat.{g}.left"]).sum(-1)
    t = (projected * p[f"gat.{g}.right"]).sum(-1)
    e = F.leaky_relu(s[:, None, :] + t[None, :, :], SPEC["slope"])
    alpha = torch.softmax(e.masked_fill(~present[:, :, None], float("-inf")), dim=1)
    return F.elu(torch.einsum("ijh,jhc->ihc", alpha, projected).reshape(n, width)) + h


def network(p, family, sample):
    h = gru(p, sample["x"], sample["mask"])
    weights = torch.zeros(3, dtype=torch.float64)
    parts = [h]
    bonus = 0.0
    if family != "gru":
        exists = torch.tensor([sample["graphs"][g] is not None for g in GRAPHS])
        if "sa" in family:
            hidden = F.relu(F.linear(sample["styles"], p["sa.0.weight"], p["sa.0.bias"]))
            logits = F.linear(hidden, p["sa.1.weight"], p["sa.1.bias"])
            weights = torch.softmax(logits.masked_fill(~exists, float("-inf")), 0)
            kept = weights[exists]
            bonus = BONUS * -(kept * kept.log()).sum()
        else:
            weights = exists.double() / exists.sum()
        parts.append(sum(weights[i] * gat(p, g, h, sample["graphs"][g]) for i, g in enumerate(GRAPHS) if exists[i]))
    if "fin" in family:
        parts.append(F.relu(F.linear(sample["fundamentals"], p["fin.weight"], p["fin.bias"])))
        hidden = F.relu(F.linear(torch.cat(parts, 1), p["head.0.weight"], p["head.0.bias"]))
        out = F.linear(hidden, p["head.1.weight"], p["head.1.bias"])
    else:
        out = F.linear(torch.cat(parts, 1), p["head.weight"], p["head.bias"])
    return out[:, 0], weights, bonus


def make(family, absent, seed):
    g = torch.Generator().manual_seed(seed)
    integers = lambda low, high, *shape: torch.randint(low, high, shape, generator=g)
    mask = (torch.rand(SPEC["lookback"], N, generator=g) > 0.25).double()
    graphs = {}
    for name in GRAPHS:
        # Distinct neighbours other than the name itself; about a quarter of the slots stay empty.
        lists = []
        for i in range(N):
            order = [j for j in torch.randperm(N, generator=g).tolist() if j != i][:K]
            lists.append([-1 if integers(0, 4, 1).item() == 0 else j for j in order])
        graphs[name] = None if name in absent else lists
    sample = dict(x=draw(g, SPEC["lookback"], N, SPEC["features"]), mask=mask, graphs=graphs,
                  styles=draw(g, 200), fundamentals=draw(g, N, 36))
    label = draw(g, N)
    label[integers(0, N, 2)] = float("nan")
    p = {n: draw(g, *s, scale=0.1 if n.startswith("sa") else 0.4).requires_grad_() for n, s in shapes(family).items()}
    scores, weights, bonus = network(p, family, sample)
    known = ~label.isnan()
    s, y = scores[known] - scores[known].mean(), label[known] - label[known].mean()
    ic = (s * y).sum() / (s.square().sum() * y.square().sum()).sqrt()
    loss = -ic - bonus
    loss.backward()
    flat = lambda v, digits=12: [float(f"{u:.{digits}g}") for u in v.detach().reshape(-1).tolist()]
    made = lambda v: flat(v, 9)
    return dict(
        family=family, seed=seed, n=N, k=K, entropyBonus=BONUS,
        x=flat(sample["x"]), mask=flat(mask), styles=flat(sample["styles"]) if "sa" in family else [],
        fundamentals=flat(sample["fundamentals"]) if "fin" in family else [],
        graphs={n: None if v is None else sum(v, []) for n, v in graphs.items()},
        label=[None if v != v else v for v in label.tolist()],
        parameters={n: flat(v) for n, v in p.items()},
        scores=made(scores), graphWeights=made(weights), loss=float(loss), ic=float(ic),
        gradient={n: made(torch.zeros_like(v) if v.grad is None else v.grad) for n, v in p.items()},
    )


cases = [make("gru", [], 1), make("gru+gat", ["flow"], 2), make("gru+gat_sa", [], 3),
         make("gru+gat_sa+fin", [], 4), make("gru+gat_sa+fin", ["financial"], 5)]
made = dict(python=sys.version.split()[0], torch=torch.__version__, dtype="float64")
print(json.dumps(dict(made=made, spec=SPEC, cases=cases), separators=(",", ":")))
