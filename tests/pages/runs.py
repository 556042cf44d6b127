"""The runs whose pages are tested and shown: one that passes, and each historical bug's."""
import glob
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def all_runs():
    """(name, arguments of `brokersim report`, expected exit status)"""
    yield "leader-failover", ["leader-failover"], 0
    for plan in sorted(glob.glob(os.path.join(ROOT, "scenarios", "plans", "*.toml"))):
        yield os.path.splitext(os.path.basename(plan))[0], [plan], 1


def report(program, arguments, out, status, *options):
    """Writes the report of a run; what the program printed."""
    command = [program, "--scenarios", os.path.join(ROOT, "scenarios"), "report", *arguments,
               "--out", out, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == status, "%s: status %d\n%s%s" % (
        " ".join(command), done.returncode, done.stdout, done.stderr)
    return done.stdout
