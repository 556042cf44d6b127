#!/usr/bin/env python3
"""Renders the pages of a handful of runs, light and dark, for people to look at.

    tests/pages/gallery.py BROKERSIM FOLDER      writes FOLDER/index.html and the pictures"""
import html
import os
import re
import sys

import browser
import runs


def height_of(page):
    """Enough for what a page shows before anything is opened."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    rows = re.sub(r"<details.*?</details>", "", text, flags=re.S).count("<tr")
    pictures = re.findall(r'<svg[^>]* height="([0-9.]+)"', text)
    return int(900 + 60 * rows + sum(float(height) + 90 for height in pictures))


def render(program, folder):
    for name, arguments, status in runs.all_runs():
        out = os.path.join(folder, name)
        runs.report(program, arguments, out, status)
        for file in sorted(os.listdir(out)):
            if not file.endswith(".html"):
                continue
            page = os.path.join(out, file)
            for dark in (False, True):
                stem = "%s-%s-%s" % (name, file[:-len(".html")], "dark" if dark else "light")
                picture = os.path.join(folder, stem + ".png")
                browser.screenshot(page, picture, height=height_of(page), dark=dark)
                print("wrote", picture, flush=True)
                yield stem, os.path.relpath(page, folder)


def main(program, folder):
    if browser.find() is None:
        sys.exit("there is no browser to show pages in; apt-get install chromium")
    os.makedirs(folder, exist_ok=True)
    items = "".join(
        '<h2><a href="%s">%s</a></h2><img src="%s.png" width="620" alt="">\n' %
        (html.escape(page), html.escape(stem), html.escape(stem))
        for stem, page in render(program, folder))
    index = os.path.join(folder, "index.html")
    with open(index, "w", encoding="utf-8") as file:
        file.write("<!doctype html><meta charset=utf-8><title>Pages of brokersim</title>\n" + items)
    print("wrote", index)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2])
