"""Headless Chromium, for tests and pictures of pages: what the console said, what a page asked the
network for, its text, and its pixels. Offline: no name resolves. Standard library only."""
import json
import os
import shutil
import struct
import subprocess
import tempfile
import zlib

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120  # Seconds of real time for one page on a busy machine.
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-default-apps", "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
]


def find():
    """The browser's path, or None."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


class Visit:
    """One page opened once, in a profile of its own."""

    def __init__(self, page, dark=False):
        self.page = os.path.abspath(page)
        self.scheme = "--blink-settings=preferredColorScheme=%d" % (0 if dark else 1)
        self.console = []
        self.requests = []
        self.dom = ""

    def run(self, *more):
        # A browser that dies or hangs says nothing of the page: it gets a second chance.
        for last in (False, True):
            with tempfile.TemporaryDirectory(prefix="brokersim-pages-") as profile:
                try:
                    done = self._run_once(profile, more)
                    if done.returncode == 0 or last:
                        break
                except subprocess.TimeoutExpired:
                    if last:
                        raise
        if done.returncode != 0:
            raise RuntimeError("%s ended with %d" % (find(), done.returncode))
        return self

    def _run_once(self, profile, more):
        log = os.path.join(profile, "net.json")
        command = [find(), *QUIET, self.scheme, "--user-data-dir=" + profile,
                   "--log-net-log=" + log, *more, "file://" + self.page]
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
        errors = done.stderr.decode(errors="replace").splitlines()
        self.console = [line for line in errors if ":CONSOLE" in line]
        self.dom = done.stdout.decode(errors="replace")
        self.requests = _requests_in(log)
        return done


def _requests_in(log):
    """URLs that the page asked for; what the browser does for itself has no initiator."""
    with open(log, encoding="utf-8") as file:
        data = json.load(file)
    started = data["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    urls = []
    for event in data["events"]:
        what = event.get("params", {})
        if event["type"] != started or what.get("initiator") == "not an origin":
            continue
        if "url" in what and not what["url"].startswith(("file:", "data:")):
            urls.append(what["url"])
    return urls


def visit(page, **how):
    """With `dom`: what the page has become."""
    return Visit(page, **how).run("--dump-dom")


def screenshot(page, picture, width=1240, height=900, **how):
    return Visit(page, **how).run("--window-size=%d,%d" % (width, height),
                                  "--screenshot=" + os.path.abspath(picture))


def pixel(picture, x, y):
    """(red, green, blue) of a PNG as the browser writes it: 8 bits, RGB or RGBA, not interlaced."""
    with open(picture, "rb") as file:
        data = file.read()
    at, packed, width, channels = 8, b"", 0, 0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, _, depth, colors, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert depth == 8 and colors in (2, 6) and not interlaced, "an unexpected kind of PNG"
            channels = 3 if colors == 2 else 4
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    raw, row = zlib.decompress(packed), bytearray(width * channels)
    for line in range(y + 1):
        begin = line * (len(row) + 1)
        row = _unfiltered(raw[begin], raw[begin + 1:begin + 1 + len(row)], row, channels)
    return tuple(row[x * channels:x * channels + 3])


def _unfiltered(kind, line, above, step):
    out = bytearray(line)
    for i, value in enumerate(line):
        left = out[i - step] if i >= step else 0
        up, corner = above[i], above[i - step] if i >= step else 0
        if kind == 1:
            value += left
        elif kind == 2:
            value += up
        elif kind == 3:
            value += (left + up) // 2
        elif kind == 4:
            value += min((left, up, corner), key=lambda near: abs(left + up - corner - near))
        out[i] = value & 255
    return out
