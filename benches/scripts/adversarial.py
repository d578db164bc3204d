#!/usr/bin/env python3
"""Writes a graph directory in which reach sets are as different as can be:  adversarial.py OUT_DIR [--nodes N]

The last 10,000 nodes are jewels. Half of the others lead to ten jewels each, drawn anywhere; each of the rest leads to
five of those and to the next of the rest, so that there is a long chain whose sets all differ and grow. Format as
`workloads` reads it; needs nothing but Python.
"""
import argparse, array, json, pathlib, random

parser = argparse.ArgumentParser()
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--nodes", type=int, default=200_000)
options = parser.parse_args()
draw, nodes = random.Random(1), options.nodes
jewels = range(nodes - 10_000, nodes)
half = (nodes - 10_000) // 2
edges = set()
for node in range(half, jewels.start):
    edges.update((node, draw.choice(jewels)) for _ in range(10))
for node in range(half):
    edges.update((node, draw.randrange(half, jewels.start)) for _ in range(5))
    if node + 1 < half and node % 1000 < 999:
        edges.add((node, node + 1))
edges = sorted(edges)
draw.shuffle(edges)
targets = list(jewels)
draw.shuffle(targets)
exposed = list(range(half))
draw.shuffle(exposed)
options.out.mkdir(parents=True, exist_ok=True)


def write(name, numbers):
    table = array.array("I", numbers)
    (options.out / name).write_bytes(table.tobytes())


write("edges.u32", (end for edge in edges for end in edge))
write("exposed.u32", exposed[:1000])
write("sensitive.u32", targets)
write("weights.u32", (draw.randint(1, 1000) for _ in targets))
(options.out / "meta.json").write_text(json.dumps({"nodes": nodes, "edges": len(edges)}))
print(options.out, nodes, "nodes", len(edges), "edges")
