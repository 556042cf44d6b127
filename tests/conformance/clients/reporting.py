"""What Python's clients share: capabilities that are attempted and reported on (see ../run)."""
import json
import signal
import sys
import threading
import time


class NotApplicable(Exception):
    """The client cannot."""


def attempt(capability):
    """Runs the function that follows, which raises when the capability is not there."""

    def now(function):
        try:
            function()
            print(f"ok {capability}", flush=True)
        except NotApplicable as why:
            print(f"n/a {capability}: {why}", flush=True)
        except Exception as why:
            print(f"failed {capability}: {type(why).__name__}: {str(why)[:300]}".replace("\n", " "),
                  flush=True)
        return function

    return now


def not_applicable(capabilities, why):
    for capability in capabilities.split():
        print(f"n/a {capability}: {why}", flush=True)


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"{str(actual)[:120]}, not {str(expected)[:120]}")


def expect_error(kind, function):
    """`function` raises a `kind`."""
    try:
        function()
    except kind as error:
        return error
    raise AssertionError("no error")


def wait_until(what, holds, patience=20):
    until = time.monotonic() + patience
    while not holds():
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {patience} s")
        time.sleep(0.05)


def ask(what):
    """Of the one who runs the cluster; the lines of the answer."""
    print(f"ask {what}", flush=True)
    return list(iter(_line, "done"))


def _line():
    line = sys.stdin.readline()
    if not line:
        sys.exit("nobody answers")
    return line.rstrip("\n")


def asked_to_leave():
    """Set by SIGTERM."""
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    return asked


def read_by_kcat(topic):
    return [json.loads(line) for line in ask(f"read {topic}")]


def numbered(count):
    return [b"record %d" % i for i in range(count)]
