"""A page with one mistake of each kind: every one is found, and a page without them is clean."""

import contextlib
import io
import pathlib
import tempfile
import unittest

from playwright.sync_api import sync_playwright

from pages.__main__ import WINDOWS, check, launched, problems_in

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body><header><h1>Heading</h1></header><main><p>Text.</p>{body}</main></body></html>"""

MISTAKES = {
    "fetches": {"body": '<img alt="" src="missing.png">'},
    "writes an error": {"body": "<script>missing()</script>"},
    "overflows": {"body": '<p style="width: 1500px">wide</p>'},
    "color-contrast": {"body": '<p style="color: #ccc; background: #fff">faint</p>'},
    "region": {"body": "</main><p>outside of every landmark</p><main hidden>"},
    "image-alt": {"body": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'},
    "heading-order": {"body": "<h4>four after one</h4>"},
    "label": {"body": '<input type="text">'},
}


class Pages(unittest.TestCase):
    def test_every_mistake_is_found_and_only_mistakes(self):
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
            browser = launched(playwright)
            path = pathlib.Path(folder) / "page.html"
            for window in WINDOWS:
                path.write_text(PAGE.format(head="", body=""))
                self.assertEqual(problems_in(browser, window, [path]), [])
                for mistake, parts in MISTAKES.items():
                    path.write_text(PAGE.format(**{"head": "", "body": "", **parts}))
                    found = [problem for _, problem in problems_in(browser, window, [path])]
                    self.assertTrue(any(mistake in problem for problem in found), (mistake, window, found))
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                self.assertGreater(check(browser, [path]), 0)
            self.assertIn(f"{path} (phone, 390 px): label", printed.getvalue())
            browser.close()


if __name__ == "__main__":
    unittest.main()
