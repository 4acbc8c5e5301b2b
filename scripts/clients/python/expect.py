"""What the tours expect of the client under test."""

import sys
import time

import redis

PATIENCE = 20  # seconds for what must come


def check(got, want):
    if got != want:
        raise AssertionError(f"got {got!r}, want {want!r}")


def fails(call, kind, text):
    """The call must raise the client's own error, with this in its words."""
    try:
        result = call()
    except kind as error:
        if text not in str(error):
            raise AssertionError(f"{error} lacks {text!r}") from error
    else:
        raise AssertionError(f"{result!r}, want an error with {text!r}")


def await_message(subscriber, kind):
    """The next message of a kind; others before it are passed over."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        message = subscriber.get_message(timeout=1)
        if message and message["type"] == kind:
            return message
    raise AssertionError(f"no {kind} came")


def take_steps(tour, names, connect):
    """Takes all steps of a tour, by both protocols; names are those that its file has."""
    steps = [value for name, value in names.items() if name.startswith("step_")]
    done = 0
    for protocol in 3, 2:
        with connect(protocol=protocol) as r:
            r.flushall()
            for step in steps:
                try:
                    step(r)
                except Exception:
                    print(f"{tour}, protocol {protocol}: {step.__name__} failed", file=sys.stderr)
                    raise
                done += 1
    print(f"redis-py {redis.__version__}: {done} steps")
