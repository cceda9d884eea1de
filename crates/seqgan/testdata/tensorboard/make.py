"""Writes events.out.tfevents.expected: what TensorBoard's own package makes of the scalars in metrics.jsonl.

    pip install tensorboard==2.21.0
    python make.py

The scalars are written out by hand below, so that the program's reading of metrics.jsonl is checked too.
"""

from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

STARTED = 1_700_000_000.0
SCALARS = [
    (0.037, 1, [("mle/nll_oracle", 5.831177908706665), ("mle/learning_rate", 0.01)]),
    (0.807, 0, [("seqgan/nll_test", 3.6490793114662172), ("seqgan/reward", 0.0)]),
    (1.259, 300, [("seqgan/d_loss", 0.7216139815368399)]),
    (3.355, 0, [("final/seqgan/nll_oracle", 5.720691032826901)]),
    (4.07, 0, [("curve/seqgan/T 0.9/entropy", 3.72308349442482)]),
]

with open(Path(__file__).with_name("events.out.tfevents.expected"), "wb") as file:
    writer = RecordWriter(file)
    writer.write(Event(wall_time=STARTED, file_version="brain.Event:2").SerializeToString())
    for elapsed, step, scalars in SCALARS:
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in scalars])
        writer.write(Event(wall_time=STARTED + elapsed, step=step, summary=summary).SerializeToString())
