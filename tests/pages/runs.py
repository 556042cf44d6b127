"""The runs whose pages are tested and shown: one that passes, and each historical bug's."""
import glob
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


# One that passes and one that fails: the same code makes the pages of the others.
LOOKED_AT_CLOSELY = ("leader-failover", "REP-01")


def all_runs():
    """(name, arguments of `brokersim report`, expected exit status)"""
    yield "leader-failover", ["leader-failover"], 0
    for plan in sorted(glob.glob(os.path.join(ROOT, "scenarios", "plans", "*.toml"))):
        yield os.path.splitext(os.path.basename(plan))[0], [plan], 1


def _run(program, arguments, out):
    command = [program, "--scenarios", os.path.join(ROOT, "scenarios"), "report", *arguments,
               "--out", out]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def report(program, arguments, out, status):
    """Writes the report of a run; what the program printed."""
    done = _run(program, arguments, out)
    assert done.returncode == status, "report %s: status %d\n%s%s" % (
        " ".join(arguments), done.returncode, done.stdout, done.stderr)
    return done.stdout


def refused(program, arguments, out):
    """What the program says to a request that it cannot fulfil."""
    done = _run(program, arguments, out)
    assert done.returncode == 2 and not done.stdout, "report %s: status %d\n%s" % (
        " ".join(arguments), done.returncode, done.stdout)
    return done.stderr
