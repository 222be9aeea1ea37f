"""The same network in PyTorch with its default settings, as the peer of `npm run bench -- engines`.

Arguments: the work (train or score) and the shape as JSON. Each line on stdin asks for one round of so many runs; the
answer is one line of JSON with the seconds of each run and the peak memory.
"""

import json
import resource
import sys
import time

import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, hidden, heads, slope):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(hidden, hidden) * 0.1)
        self.left = nn.Parameter(torch.randn(heads, hidden // heads) * 0.1)
        self.right = nn.Parameter(torch.randn(heads, hidden // heads) * 0.1)
        self.slope = slope

    def forward(self, h, index):
        projected = (h @ self.weight.t()).view(h.shape[0], *self.left.shape)
        left = (projected * self.left).sum(-1)
        right = (projected * self.right).sum(-1)
        scores = nn.functional.leaky_relu(left[:, None] + right[index], self.slope)
        attention = torch.softmax(scores, 1)
        attended = torch.einsum('nkh,nkhs->nhs', attention, projected[index])
        return nn.functional.elu(attended.reshape(h.shape)) + h


class Network(nn.Module):
    def __init__(self, features, hidden, heads, slope, graphs):
        super().__init__()
        self.gru = nn.GRU(features, hidden)
        self.graphs = nn.ModuleList(Attention(hidden, heads, slope) for _ in range(graphs))
        self.head = nn.Linear(2 * hidden, 1)

    def forward(self, x, indices):
        h = self.gru(x)[1][0]
        attended = [graph(h, index) for graph, index in zip(self.graphs, indices)]
        return self.head(torch.cat([h, sum(attended) / len(attended)], 1))[:, 0]


def correlation(scores, label):
    s, y = scores - scores.mean(), label - label.mean()
    return (s * y).sum() / torch.sqrt((s * s).sum() * (y * y).sum())


work, shape = sys.argv[1], json.loads(sys.argv[2])
torch.manual_seed(1)
n, k = shape['names'], shape['neighbours']
network = Network(shape['features'], shape['hidden'], shape['heads'], shape['slope'], 3)
optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
x = torch.randn(shape['lookback'], n, shape['features'])
label = torch.randn(n)
own = torch.arange(n)[:, None]
indices = [torch.cat([own, torch.randint(0, n, (n, k))], 1) for _ in range(3)]


def train():
    optimizer.zero_grad()
    (-correlation(network(x, indices), label)).backward()
    optimizer.step()


def score():
    with torch.inference_mode():
        return network(x, indices).sum().item()


for line in sys.stdin:
    seconds = []
    for _ in range(int(line)):
        start = time.perf_counter()
        train() if work == 'train' else score()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer = {'build': f'PyTorch {torch.__version__}', 'seconds': seconds, 'maxRssMb': peak}
    print(json.dumps(answer), flush=True)
