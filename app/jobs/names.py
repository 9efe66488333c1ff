"""What our side and the engine's side agree on: names of queues and workflows, version, order, serialisation."""

from datetime import UTC, datetime

from dbos import DBOSPortableJSONSerializer

APPLICATION = "babelscope"
VERSION = (
    "1"  # fixed: with the engine's default, a hash of the source, jobs queued before an upgrade would wait for ever
)

JOB = "job"
PIECE = "piece"

# Parents; never on the device's queues, where a parent would wait for its own pieces. Two queues, because waiting
# parents fill theirs.
CONTROL = "ctl"
CONTROL_INTERACTIVE = "ctl_int"
BATCH = "gpu_batch"
INTERACTIVE = "gpu_int"

SERIALIZER = DBOSPortableJSONSerializer()  # the default one pickles

_START = datetime(2026, 1, 1, tzinfo=UTC)


def priority(created: datetime, *, interactive: bool) -> int:
    """Lower goes first: interactive jobs, then the rest in the order they were asked for, each with all its pieces."""
    return 1 if interactive else max(2, int((created - _START).total_seconds()))
