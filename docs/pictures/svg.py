"""SVG primitives for the pictures in docs/: shapes that check that their text fits, in a light and a dark variant."""

from html import escape
from pathlib import Path

THEMES = {
    "light": {
        "page": "#ffffff", "text": "#1f2328", "muted": "#525a63", "line": "#59636e", "grid": "#d8dee4",
        "workflow": "#ddf4ff", "workflow-edge": "#0969da", "store": "#f6f8fa", "store-edge": "#6e7781",
        "aws": "#fff8c5", "aws-edge": "#9a6700", "group": "#ffffff", "group-edge": "#8c959f",
        "bar": "#0969da", "other": "#8c959f", "accent": "#bc4c00",
    },
    "dark": {
        "page": "#0d1117", "text": "#f0f6fc", "muted": "#b1bac4", "line": "#9198a1", "grid": "#2a313c",
        "workflow": "#0c2d4d", "workflow-edge": "#58a6ff", "store": "#1f262e", "store-edge": "#8b949e",
        "aws": "#3a2d00", "aws-edge": "#d29922", "group": "#0d1117", "group-edge": "#656c76",
        "bar": "#58a6ff", "other": "#768390", "accent": "#f0883e",
    },
}
NARROW, WIDE = "fijlrtI.,:;'|()[]! -", "mwMW@%"


def width(text, size, bold=False):
    """An upper estimate of how wide a sans-serif text is, in pixels."""
    letters = sum(0.38 if c in NARROW else 0.95 if c in WIDE else 0.68 if c.isupper() else 0.58 for c in text)
    return letters * size * (1.14 if bold else 1.0)


class Picture:
    """Shapes by the name of their colour. `write` renders them in each theme."""

    def __init__(self, wide, high, title):
        self.size, self.title, self.shapes, self.boxes = (wide, high), title, [], []

    def text(self, x, y, text, size=13, color="text", anchor="middle", bold=False):
        assert size >= 12, text
        left = x - {"start": 0, "middle": 0.5, "end": 1}[anchor] * width(text, size, bold)
        assert left >= 0 and left + width(text, size, bold) <= self.size[0], f"{text!r} leaves the picture"
        weight = ' font-weight="600"' if bold else ""
        self.shapes.append(f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"{weight} '
                           f'fill="{{{color}}}">{escape(text)}</text>')

    def rect(self, x, y, w, h, fill, edge=None, radius=6):
        stroke = f' stroke="{{{edge}}}" stroke-width="1.5"' if edge else ""
        self.shapes.append(f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{radius}" fill="{{{fill}}}"{stroke}/>')

    def box(self, x, y, w, h, kind, title, *captions):
        for text, size, bold in [(title, 14, True), *((caption, 12, False) for caption in captions)]:
            assert width(text, size, bold) <= w - 4, f"{text!r} is {width(text, size, bold):.0f} wide, its box {w}"
        for other in self.boxes:
            apart = x + w <= other[0] or other[0] + other[2] <= x or y + h <= other[1] or other[1] + other[3] <= y
            assert apart, f"{title!r} overlaps another box"
        self.boxes.append((x, y, w, h))
        self.rect(x, y, w, h, kind, f"{kind}-edge")
        top = y + h / 2 - 8 * len(captions) + 5
        self.text(x + w / 2, top, title, 14, bold=True)
        for number, caption in enumerate(captions):
            self.text(x + w / 2, top + 17 + 16 * number, caption, 12, "muted")

    def line(self, *points, color="line", arrow=True, dashed=False, thick=1.5):
        path = " ".join(f"{'L' if i else 'M'}{x:g} {y:g}" for i, (x, y) in enumerate(points))
        self.shapes.append(f'<path d="{path}" fill="none" stroke="{{{color}}}" stroke-width="{thick}"'
                           + (' marker-end="url(#arrow)"' if arrow else "") + (' stroke-dasharray="5 4"' if dashed else "") + "/>")

    def write(self, name):
        wide, high = self.size
        for theme, colors in THEMES.items():
            body = "\n".join(self.shapes)
            for color in sorted(colors, key=len, reverse=True):
                body = body.replace(f"{{{color}}}", colors[color])
            marker = ('<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
                      f'orient="auto"><path d="M0 0L10 5L0 10z" fill="{colors["line"]}"/></marker></defs>')
            Path(__file__).with_name(f"{name}-{theme}.svg").write_text(
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img" '
                'font-family="-apple-system, Segoe UI, Helvetica, Arial, DejaVu Sans, sans-serif">\n'
                f'<title>{escape(self.title)}</title>\n{marker}\n<rect width="{wide}" height="{high}" fill="{colors["page"]}"/>\n'
                f"{body}\n</svg>\n")
