#!/usr/bin/env python3
"""Holds the results of two builds of `seqgan` against each other: ten runs, equal to the bit.

    python3 benchmarks/same_results.py run BINARY FOLDER [--old-names] [--only RUN ..]     makes the runs of one build
    python3 benchmarks/same_results.py compare BEFORE AFTER                prints a table; exit status 1 if any differs

`--old-names` is for a build that still has the settings' names of before the glossary. Equal are: every number of
summary.json but `seconds`, every record of metrics.jsonl but `elapsed_s`, the samples, and each tensor of each model,
byte for byte. Names may differ as RENAMED says. Needs Python alone. The data sets are those of docs/data.md, in the
folder that SEQGAN_DATA names.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import time

# Names of settings, records and files that have changed: before -> after.
RENAMED = {
    "crossfit.needs_worth": "crossfit.require_validation_gain",
    "crossfit.sees_ensemble": "crossfit.ensemble_features",
    "crossfit.real_value": "crossfit.demonstration_value",
    "ensemble.soft_share": "ensemble.distillation_weight",
    "scheduled_sampling.truth_decrease": "scheduled_sampling.teacher_forcing_decay",
    "monitor.judge_accuracy": "monitor.discriminator_accuracy",
}
RECORDS = {
    "d_worth": "d_gain",
    "d_worth_stderr": "d_gain_stderr",
    "d_effective": "d_effective_sample_size",
    "sign": "diagnostic",
}
# Sentences, which may be worded anew.
WORDS = {"notes", "text", "version"}

TINY = """ensemble.num_members=2 ensemble.num_epochs=2 crossfit.num_folds=2 crossfit.d_epochs=2 crossfit.num_rounds=6
    crossfit.require_validation_gain=false crossfit.batch_size=32 crossfit.measure_every_rounds=2
    generator.embedding_dim=16 generator.hidden_dim=16 discriminator.embedding_dim=8
    discriminator.filters=[[1,16],[2,16],[4,16]] mle.num_epochs=3 mle_tuned.num_epochs=3 rollout.num_rollouts=4
    adversarial.num_rounds=3 adversarial.g_steps=2 adversarial.d_pretrain_steps=2 adversarial.num_negatives=256
    evaluate.num_samples=500 evaluate.num_samples_training=200 adversarial.measure_every_rounds=1""".split()
SMALL_ORACLE = """oracle.vocab_size=60 oracle.length=10 oracle.num_train=1000 oracle.num_validation=200
    oracle.num_test=500 oracle.num_floor=6000""".split()
REWARDS = """
[data]
path = "DATA/peptide_amp/train.txt"
test = "DATA/peptide_amp/test.txt"
tokens = "chars"

[[reward]]
kind = "discriminator"
weight = 1.0

[[reward]]
kind = "length"
min_length = 12
weight = 0.5
weight_end = 0.1

[[reward]]
kind = "unique"
search = false

[[reward]]
kind = "regex"
regex = ".*K.*"

[[reward]]
kind = "program"
command = ["python3", "-c", "import sys\\nfor line in sys.stdin: print(line.count('L') / 10, flush=True)"]
search = false
"""


def runs(data):
    """Name and arguments of each run; settings by their names of today."""
    tiny = [x for setting in TINY for x in ("--set", setting)]
    small = tiny + [x for setting in SMALL_ORACLE for x in ("--set", setting)]
    file = lambda name: ["train", "--data", f"{data}/{name}/train.txt", "--test", f"{data}/{name}/test.txt"]
    few = ["--set", "data.max_sequences=3000"]
    crossfit = "mle-tuned,mle-ensemble,distilled,mixture,seqgan-crossfit,distilled-seqgan-crossfit"
    return [
        ("oracle-quick", ["oracle", "--preset", "quick"]),
        ("oracle-smoke", ["oracle", "--preset", "smoke", "--seed", "3"]),
        ("captions", file("image_coco") + few + ["--preset", "smoke"]),
        ("tunes", file("nottingham") + ["--preset", "smoke", "--tokens", "ids", "--set", "data.pitches=true"]),
        ("molecules", file("smiles_druglike") + few + ["--preset", "smoke", "--set", "constraint.max_length=60"]),
        ("each-method", ["compare", "--preset", "smoke", "--seeds", "1", "--jobs", "1"] + small
         + ["--methods", "random,unigram,mle,mle-tuned,scheduled-sampling,pg-bleu,seqgan,seqgan-step,maligan,rankgan"]),
        ("crossfit", ["oracle", "--preset", "smoke", "--methods", crossfit] + small
         + ["--set", "crossfit.ensemble_features=true", "--set", "crossfit.num_candidates=4",
            "--set", "crossfit.refresh_every_rounds=3", "--set", "crossfit.demonstration_value=0.4",
            "--set", "crossfit.patience=4"]),
        ("crossfit-file", file("peptide_amp") + ["--preset", "smoke", "--tokens", "chars", "--methods", crossfit]
         + tiny + ["--set", "crossfit.all_actions=false", "--set", "evaluate.reverse_lm=true",
                   "--set", "ensemble.warm_start=true"]),
        ("mixed", ["train", "rewards.toml", "--preset", "smoke", "--methods", "mle-tuned,mixed"] + tiny
         + ["--set", "rollout.delay=0.5", "--set", "rollout.precision=bf16"]),
        ("brackets", ["oracle", "--preset", "smoke", "--task", "brackets",
                      "--methods", "mle-tuned,seqgan,seqgan-crossfit", "--set", "mle_tuned.plateau_factor=0.5"]),
    ]


def make(binary, folder, old_names, only):
    os.makedirs(folder, exist_ok=True)
    data = os.environ["SEQGAN_DATA"]
    with open(f"{folder}/rewards.toml", "w") as f:
        f.write(REWARDS.replace("DATA", data))
    for name, arguments in runs(data):
        if only and name not in only:
            continue
        out = f"{folder}/{name}"
        shutil.rmtree(out, ignore_errors=True)
        if old_names:
            for old, new in RENAMED.items():
                arguments = [a.replace(new + "=", old + "=") for a in arguments]
        start = time.time()
        with open(f"{folder}/{name}.log", "w") as log:
            command = [binary, *arguments, "--out", name, "-q"]
            done = subprocess.run(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        print(f"{name:15} {'ended' if done.returncode == 0 else 'FAILED'} after {time.time() - start:.0f} s", flush=True)
        if done.returncode != 0:
            print(open(f"{folder}/{name}.log").read())
            sys.exit(1)


def named(value, old):
    """A document under today's names, without what may differ."""
    if isinstance(value, dict):
        left_out = {"seconds", "elapsed_s"} | WORDS
        name = lambda key: RECORDS.get(key, key) if old else key
        return {name(key): named(item, old) for key, item in value.items() if key not in left_out}
    if isinstance(value, list):
        return [named(item, old) for item in value]
    if old and isinstance(value, str):
        return RECORDS.get(value, value)
    return value


def tensors(path):
    """The bytes of each tensor, by name."""
    with open(path, "rb") as f:
        content = f.read()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + size])
    header.pop("__metadata__", None)
    at = lambda entry: content[8 + size:][slice(*entry["data_offsets"])]
    return {name: (entry["shape"], at(entry)) for name, entry in header.items()}


def same_tensors(before, after):
    """Whether two files hold the same tensors. Names may have a part's number in front of them."""
    if before == after:
        return True
    return sorted(before.values()) == sorted(after.values())


def compare_run(before, after):
    """What is equal, as counts; and what differs."""
    counts, faults = {"numbers": 0, "records": 0, "tensors": 0, "samples": 0}, []
    paths = [os.path.relpath(os.path.join(folder, name), before)
             for folder, _, names in os.walk(before) for name in names]
    for path in sorted(paths):
        other = os.path.join(after, path.replace(".judge.", ".discriminator."))
        path = os.path.join(before, path)
        kind = os.path.basename(path)
        if kind in ("summary.json", "metrics.jsonl") or "/samples/" in path or path.endswith(".safetensors"):
            if not os.path.exists(other):
                faults.append(f"missing {other}")
                continue
        if kind == "summary.json":
            a, b = named(json.load(open(path)), True), named(json.load(open(other)), False)
            counts["numbers"] += json.dumps(a).count("mean")
            if a != b:
                faults.append(f"differs {other}")
        elif kind == "metrics.jsonl":
            a, b = ([named(json.loads(line), old) for line in open(p)] for p, old in ((path, True), (other, False)))
            counts["records"] += len(a)
            if a != b:
                first = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                faults.append(f"differs {other}, line {first + 1}")
        elif path.endswith(".safetensors"):
            a, b = tensors(path), tensors(other)
            counts["tensors"] += len(a)
            if not same_tensors(a, b):
                faults.append(f"differs {other}")
        elif "/samples/" in path:
            counts["samples"] += 1
            if open(path, "rb").read() != open(other, "rb").read():
                faults.append(f"differs {other}")
    return counts, faults


def compare(before, after):
    failed = False
    print("| run | numbers of summary.json | records of metrics.jsonl | tensors | files of samples | equal |")
    print("|---|---|---|---|---|---|")
    for name, _ in runs(os.environ.get("SEQGAN_DATA", "")):
        counts, faults = compare_run(f"{before}/{name}", f"{after}/{name}")
        cells = " | ".join(str(counts[key]) for key in ("numbers", "records", "tensors", "samples"))
        print(f"| {name} | {cells} | {'no' if faults else 'yes'} |")
        for fault in faults[:5]:
            print(f"    {fault}", file=sys.stderr)
        failed |= bool(faults) or not counts["tensors"]
    sys.exit(failed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run")
    run.add_argument("binary", type=os.path.abspath)
    run.add_argument("folder")
    run.add_argument("--old-names", action="store_true")
    run.add_argument("--only", nargs="+", metavar="RUN", help="make these runs alone")
    both = verbs.add_parser("compare")
    both.add_argument("before")
    both.add_argument("after")
    arguments = parser.parse_args()
    if arguments.verb == "run":
        make(arguments.binary, arguments.folder, arguments.old_names, arguments.only)
    else:
        compare(arguments.before, arguments.after)


if __name__ == "__main__":
    main()
