"""Opens pages in headless Chromium, and says what a reader would miss.

    python3 -m pages FOLDER [--pictures FOLDER]

Each page is opened on a desktop in light colors and on a phone in dark ones. It may fetch nothing, write no error to the
console, and be no wider than the window. axe-core checks its landmarks, names and contrast. With --pictures the pictures
that docs/ shows are written.
"""

import argparse
import os
import pathlib
import shutil
import sys

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

# The windows: name, width, height, colors.
WINDOWS = [("desktop", 1280, 900, "light"), ("phone", 390, 844, "dark")]
# Names of the programs that are Chromium.
CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# The rules of WCAG 2.1 AA, and axe-core's own about landmarks and headings.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
# The pictures of docs/: the page that each shows.
PICTURES = {"report-page": "rotate-restore/complete.html", "fleet-page": "fleet/twenty-gaps.html"}

# The elements that reach beyond the window, unless they can be scrolled sideways in their own frame.
OVERFLOWING = """() => {
  const width = document.documentElement.clientWidth;
  const inFrame = element => {
    for (let at = element; at && at !== document.body; at = at.parentElement)
      if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(at).overflowX)) return true;
    return false;
  };
  const wide = [...document.body.querySelectorAll('*')]
    .filter(element => element.getBoundingClientRect().right > width + 1 && !inFrame(element))
    .map(element => element.outerHTML.slice(0, 100));
  return document.documentElement.scrollWidth > width ? [`the page is ${document.documentElement.scrollWidth} px wide`, ...wide] : wide;
}"""


def problems(page, path, requests):
    """What is wrong with a page in this window."""
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    address = path.resolve().as_uri()
    page.goto(address)
    found = [f"fetches {url}" for url in requests if url != address and not url.startswith("data:")]
    found += [f"writes an error: {error}" for error in errors]
    found += [f"overflows: {element}" for element in page.evaluate(OVERFLOWING)[:3]]
    for violation in Axe().run(page, options=RULES).response["violations"]:
        node = violation["nodes"][0]
        found.append(f"{violation['id']}: {violation['help']}: {node['html'][:150]} {node.get('failureSummary', '')[:200]}")
    return found


def problems_in(browser, window, paths):
    """Opens pages in one window. Returns what is wrong, each with its page."""
    _, width, height, colors = window
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=colors)
    found = []
    for path in paths:
        requests = []
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        found += [(path, problem) for problem in problems(page, path, requests)]
        page.close()
    context.close()
    return found


def check(browser, paths):
    """Opens pages in every window, and prints what is wrong. Returns the number of problems."""
    wrong = 0
    for window in WINDOWS:
        for path, problem in problems_in(browser, window, paths):
            wrong += 1
            print(f"{path} ({window[0]}, {window[1]} px): {problem}")
    return wrong


def launched(playwright):
    """Starts Chromium."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        sys.exit(f"there is no Chromium: install one of {', '.join(CHROMIUM)}")
    # Chromium's own sandbox needs rights that root and containers do not have, whose shared memory is small as well.
    flags = ["--disable-dev-shm-usage"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    return playwright.chromium.launch(executable_path=program, args=flags)


def pictures(browser, folder, into):
    """Writes the pictures of docs/, which end where the first window of a desktop ends."""
    for name, of in PICTURES.items():
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto((folder / of).resolve().as_uri())
        page.screenshot(path=into / f"{name}.png")
        page.close()


def main():
    parser = argparse.ArgumentParser(prog="pages", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.rglob("*.html"))
    if not paths:
        sys.exit(f"{arguments.folder} has no pages: cargo test writes them")
    with sync_playwright() as playwright:
        browser = launched(playwright)
        wrong = check(browser, paths)
        if arguments.pictures:
            pictures(browser, arguments.folder, arguments.pictures)
        browser.close()
    print(f"{len(paths)} pages opened in {len(WINDOWS)} windows, {wrong} problems")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
