#!/usr/bin/env python3
"""Draws the plots of docs/benchmarks.md from the tables on that page: `python3 docs/pictures/plots.py`."""

import re
from pathlib import Path

from svg import Picture, width

PAGE = (Path(__file__).parent.parent / "benchmarks.md").read_text()


def tables(section):
    """The rows of each table in a section, without the header."""
    text = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]
    blocks = re.findall(r"^\|.*\n\|[-| ]+\|\n((?:\|.*\n?)*)", text, re.M)
    return [[[cell.strip().replace("`", "") for cell in row.strip("| ").split("|")] for row in block.splitlines()] for block in blocks]


def number(cell):
    return float(re.match(r"[\d.]+", cell)[0])


def pretty(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:g}"


def bars(picture, top, title, rows, unit, left=250, goal=None):
    """Horizontal bars, `(label, value, color)` each, from `top` downwards. Returns where they end."""
    right = picture.size[0] - 110
    most = max([value for _, value, _ in rows] + ([goal[0]] if goal else []))
    scale = (right - left) / most
    picture.text(16, top + 26, title, 15, anchor="start", bold=True)
    picture.text(16, top + 46, unit, 12, "muted", "start")
    y = top + 62
    for number_of_row, (label, value, color) in enumerate(rows):
        assert width(label, 13) <= left - 16, label
        picture.text(left - 8, y + 15, label, 13, anchor="end")
        picture.rect(left, y, max(value * scale, 2), 20, color, radius=2)
        # Beside the bars where a goal is drawn among them, as it would cross the figures.
        picture.text(right + 18 if goal else left + value * scale + 6, y + 15, pretty(value), 12, "muted", "start")
        paired = color == "other" and number_of_row + 1 < len(rows) and rows[number_of_row + 1][0].startswith("with ")
        y += 22 if paired else 30 if label.startswith("with ") else 26
    if goal:
        x = left + goal[0] * scale
        picture.line((x, top + 58), (x, y), color="accent", arrow=False, dashed=True, thick=2)
        picture.text(x, top + 52, goal[1], 12, "accent")
    return y


def cold_start():
    rows = [(step, number(time), "bar") for step, time, *_ in tables("Cold start")[1]]
    p = Picture(900, 76 + 26 * len(rows), "Cold start of six steps")
    bars(p, 0, "Cold start", rows, "ms from start to first poll, median of 50", left=260, goal=(10, "aim: 10 ms"))
    p.write("cold-start")


def transfer():
    exports, imports = tables("Export and import")
    p = Picture(900, 156 + 26 * len(exports + imports), "Export and import compared with dynamodump")
    end = 0
    for title, rows in (("Export", exports), ("Import", imports)):
        rows = [(re.sub(r" \(.*\)", "", what), number(value), "other" if what == "dynamodump" else "bar") for what, value, *_ in rows]
        end = bars(p, end, title, rows, "items per CPU second") + 12
    p.write("transfer")


def incremental():
    streams, steps = tables("Incremental backup")[:2]
    kind = {"items that are new": "new items", "items that existed before": "existing items"}
    p = Picture(900, 156 + 26 * len(streams + steps), "Incremental backup")
    rows = [(f"{by}, {kind[of]}", number(value), "other" if by == "boto3" else "bar") for of, by, value, *_ in streams]
    end = bars(p, 0, "Stream: records", rows, "records per CPU second") + 12
    rows = [(f"{re.sub(r'[ ,(].*', '', step)}, {int(items):,} items", number(value), "bar") for step, items, value, *_ in steps]
    bars(p, end, "Snapshot and restore: items", rows, "items per CPU second", left=300)
    p.write("incremental")


def rates():
    planned, split = tables("Work at a rate")[1:3]
    events = {what: number(value) for what, _, _, value, *_ in planned}
    p = Picture(900, 76 + 52 * len(split), "History events by number of segments")
    rows = []
    for what, _, _, value, *_ in split:
        rows += [(what, number(value), "other"), ("with planned segments", events[what], "bar")]
    bars(p, 0, "History events of an execution", rows, "gray: one segment for each five units; blue: as planned", left=260, goal=(25_000, "limit: 25,000"))
    p.write("rates")


if __name__ == "__main__":
    cold_start()
    transfer()
    incremental()
    rates()
