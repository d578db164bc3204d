#!/usr/bin/env python3
"""Compares the answers of two evaluators to the same requests of the batch contract.

    python3 benches/scripts/iam_compare.py requests.jsonl outside.jsonl COMMAND...

COMMAND is our evaluator: it reads requests from its standard input and writes answers to its standard
output, as `cspm iam evaluate -` does. `outside.jsonl` is what `iam_outside.mjs` wrote. Prints the numbers and
the classes of disagreement (`iam_classes.py`) as JSON. With --examples FOLDER, writes up to 30 requests of
each class there, shortest first. With --again FILE, writes each request of a disagreement there with all known
classes written out of it: on those, compared the same way, both evaluators have to agree.
"""

import argparse
import collections
import itertools
import json
import os
import subprocess
import sys

import iam_classes


def ask(command, lines):
    found = subprocess.run(command, input="".join(lines), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in found.stdout.splitlines()]


def without(line, ignored):
    """The request without the context keys that the outside tool leaves out: they are known to be absent."""
    ignored = {key.lower() for key in ignored}
    reduced = dict(line)
    reduced["context"] = {key: [] if key.lower() in ignored else value
                          for key, value in line["context"].items()}
    return reduced


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("requests")
    parser.add_argument("outside")
    parser.add_argument("--examples", metavar="FOLDER")
    parser.add_argument("--again", metavar="FILE")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    numbers = collections.Counter()
    classes = collections.Counter()
    alone = collections.Counter()
    again = []
    examples = collections.defaultdict(list)
    with open(arguments.requests, encoding="utf-8") as requests, \
            open(arguments.outside, encoding="utf-8") as outside:
        while True:
            texts = list(itertools.islice(requests, 5000))
            if not texts:
                break
            lines = [json.loads(text) for text in texts]
            theirs = [json.loads(outside.readline()) for _ in lines]
            # The outside tool drops keys that are not documented for the action: ask ours the same.
            asked = [without(line, their.get("ignored", [])) for line, their in zip(lines, theirs)]
            ours = ask(arguments.command, [json.dumps(line) + "\n" for line in asked])
            for line, our, their in zip(asked, ours, theirs):
                if not line["id"] == our["id"] == their["id"]:
                    sys.exit(f"answers out of step at {line['id']}")
                kind = "complete" if line["context_complete"] else "incomplete"
                numbers["requests", kind] += 1
                if isinstance(their["checked"], dict):
                    numbers["refused by the outside tool", kind] += 1
                    continue
                if "error" in our:
                    numbers["refused by ours", kind] += 1
                    continue
                decisions = our["decision"], their["checked"]
                numbers[decisions[0], kind] += 1
                agree = decisions[0] == decisions[1]
                if agree and kind == "incomplete" and decisions[0] == "allow":
                    agree = our["certain"] != bool(their.get("conditional"))
                if agree:
                    numbers["agree", kind] += 1
                    continue
                numbers["disagree", kind] += 1
                found = iam_classes.names(line, our, their)
                name = found[0] if found else f"unknown: {decisions[0]} / {decisions[1]}"
                classes[name] += 1
                alone[name] += len(found) == 1
                again.append(json.dumps(iam_classes.rewritten(line)) + "\n")
                examples[name].append({"request": line, "ours": our, "outside": their})
                examples[name].sort(key=lambda one: len(json.dumps(one)))
                del examples[name][30:]
    report = {"numbers": {f"{what}, {kind}": count for (what, kind), count in sorted(numbers.items())},
              "classes": {name: {"requests": count, "no other class": alone[name]}
                          for name, count in classes.most_common()}}
    print(json.dumps(report, indent=1))
    if arguments.again:
        with open(arguments.again, "w", encoding="utf-8") as file:
            file.writelines(again)
    if arguments.examples:
        os.makedirs(arguments.examples, exist_ok=True)
        for at, (name, found) in enumerate(sorted(examples.items())):
            path = os.path.join(arguments.examples, f"{at:02}.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"class": name, "examples": found}, file, indent=1)


if __name__ == "__main__":
    main()
