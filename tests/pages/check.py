#!/usr/bin/env python3
"""The pages that brokersim writes, in headless Chromium: no error on the console, no request to any
network, readable without scripts, dark where dark is wanted, and every link leads somewhere.

    tests/pages/check.py BROKERSIM

Ends with 77 where there is no browser."""
import html.parser
import json
import os
import re
import sys
import tempfile

import browser
import runs

LIGHT, DARK = (255, 255, 255), (13, 17, 23)  # reports/palette.cc: background.
SKIPPED = 77


class Outline(html.parser.HTMLParser):
    """What a page consists of, without a browser."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads, self.headings, self.words = [], [], [], [], []
        self.inside = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag not in ("meta", "link", "br", "img", "input", "hr"):
            self.inside.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        link = values.get("href") or values.get("xlink:href")
        if tag == "a" and link:
            self.links.append(link)
        elif link or "src" in values:
            self.loads.append(link or values["src"])

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data):
        if "script" in self.inside or "style" in self.inside:
            return
        self.words.append(data)
        if "h1" in self.inside:
            self.headings.append(data)

    def text(self):
        return " ".join(" ".join(self.words).split())


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def verdict_of(folder):
    """The last line of the trace: what the page has to say."""
    return json.loads(read(os.path.join(folder, "trace.jsonl")).splitlines()[-1])["end"]


def check_markup(path):
    page = Outline(read(path))
    assert len(page.ids) == len(set(page.ids)), "an id is there twice"
    assert len(page.headings) == 1, "one <h1>, not %d" % len(page.headings)
    assert not page.loads, "it loads %s" % page.loads
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids, "no target for " + link
            continue
        assert "://" not in link and not link.startswith("/"), "it leads elsewhere: " + link
        file, _, anchor = link.partition("#")
        target = os.path.join(os.path.dirname(path), file)
        assert os.path.exists(target), "no file for " + link
        if anchor:
            assert anchor in Outline(read(target)).ids, "no target for " + link
    return page


def check_in_browser(path, page):
    seen = browser.visit(path)
    assert not seen.console, "the console says: %s" % seen.console
    assert not seen.requests, "it asked for %s" % seen.requests
    # Scripts may add; all that is to be read is in the file itself.
    assert page.text() in Outline(seen.dom).text(), "scripts change what is written"


def check_without_scripts(path, folder):
    """Without them the page says all the same, and what is seen first is the same to the pixel."""
    bare = os.path.join(folder, "without-scripts.html")
    with open(bare, "w", encoding="utf-8", newline="") as file:
        file.write(re.sub("<script.*?</script>", "", read(path), flags=re.S))
    assert Outline(browser.visit(bare).dom).text() == Outline(read(path)).text()
    assert settles(lambda: picture_of(path, folder) == picture_of(bare, folder)), \
        "without scripts it looks differently"


def picture_of(page, folder):
    picture = os.path.join(folder, "page.png")
    browser.screenshot(page, picture)
    with open(picture, "rb") as file:
        return file.read()


def check_colors(path, folder):
    picture = os.path.join(folder, "page.png")

    def corner(dark):
        browser.screenshot(path, picture, dark=dark)
        return browser.pixel(picture, 3, 3)

    for dark, wanted in ((False, LIGHT), (True, DARK)):
        assert settles(lambda: corner(dark) == wanted), \
            "the %s background is not %s" % ("dark" if dark else "light", (wanted,))


def settles(holds):
    """A browser on a busy machine may take its picture before the page is painted: it may try again,
    and a page that is not as it should be never will be."""
    return any(holds() for _ in range(4))


def check_words(page, end, name):
    text = page.text()
    for violation in end["violations"]:
        assert violation["message"] in text, "it does not say: " + violation["message"]
    if name == "report.html" and end["verdict"] == "fail":
        assert page.headings[0] == end["violations"][0]["message"], page.headings
        # Some contradict themselves: these have one event only.
        facts = end["violations"][0]["facts"]
        marks = [mark for mark, fact in zip("①②", facts) if fact]
        for wanted in ("brokersim run", *marks, "What happened"):
            assert wanted in text, "it does not say: " + wanted


def check_run(program, name, arguments, status, folder):
    printed = runs.report(program, arguments, folder, status)
    pages = sorted(file for file in os.listdir(folder) if file.endswith(".html"))
    assert "report.html" in pages, "there is no report.html"
    assert os.path.join(folder, "report.html") in printed, "its path is not printed: " + printed
    end = verdict_of(folder)
    for file in pages:
        path = os.path.join(folder, file)
        try:
            page = check_markup(path)
            if file == "report.html":
                check_words(page, end, file)
            check_in_browser(path, page)
            if name in runs.LOOKED_AT_CLOSELY:
                check_without_scripts(path, folder)
                check_colors(path, folder)
        except AssertionError as error:
            raise AssertionError("%s of %s: %s" % (file, name, error)) from error
        print("ok    %s of %s" % (file, name), flush=True)


def check_mistakes(program, folder):
    """Bad input costs one clear message, and status 2."""
    for arguments, words in (
            (["leader-failovr"], ["leader-failovr", "leader-failover"]),
            (["leader-failover", "--format", "htm"], ["'htm'", "html"]),
            ([os.path.join(folder, "gone.jsonl")], ["gone.jsonl"])):
        said = runs.refused(program, arguments, os.path.join(folder, "refused"))
        for word in words:
            assert word in said, "%s: it does not say %s: %s" % (arguments, word, said)
    print("ok    mistakes are told", flush=True)


def check_that_faults_are_seen(folder):
    """A page that does all that is forbidden."""
    path = os.path.join(folder, "bad.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write("<!doctype html><h1>x</h1><a href='#gone'>y</a>"
                   "<script>console.error('seen'); document.body.append('z')</script>"
                   "<img src='http://example.com/i.png'>")
    seen = browser.visit(path)
    assert any("seen" in line for line in seen.console), "the console is not heard"
    assert seen.requests == ["http://example.com/i.png"], "requests are not seen"
    try:
        check_markup(path)
    except AssertionError:
        print("ok    a bad page is told from a good one", flush=True)
        return
    raise AssertionError("a link without a target is not seen")


def main(program):
    if browser.find() is None:
        print("SKIPPED: there is no browser to show pages in; apt-get install chromium")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="brokersim-pages-") as folder:
        check_that_faults_are_seen(folder)
        check_mistakes(program, folder)
        for name, arguments, status in runs.all_runs():
            check_run(program, name, arguments, status, os.path.join(folder, name))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(os.path.abspath(sys.argv[1])))
    except AssertionError as failed:
        sys.exit("FAILED: %s" % failed)
