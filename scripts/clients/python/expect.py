"""What the tours expect of the client under test."""

import time

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
