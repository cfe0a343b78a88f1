#!/usr/bin/env python3
"""Draws what a terminal shows as an SVG, for the documentation.

usage: tmux capture-pane -e -p -t PANE | scripts/terminal-svg.py > docs/images/NAME.svg

Reads text with the colours of a terminal (SGR sequences) and writes one <text> a row, in which every run of cells with
the same look is placed at its own column: fonts differ in the width of Chinese characters and of lines of boxes.
"""

import re
import sys
import unicodedata
from xml.sax.saxutils import escape

CELL, ROW, PAD = 8.4, 18, 14
COLOURS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 36: "#79c0ff"}
PLAIN, DIM, BACK = "#e6edf3", "#8b949e", "#0d1117"


def width(char):
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def style(state):
    """The attributes of a run: colour, weight, and what stands behind it."""
    fill = COLOURS.get(state["colour"], DIM if state["dim"] else PLAIN)
    return (fill, state["bold"], state["reverse"])


def take(state, codes):
    # `38;5;N` is the long form of 30 + N.
    for code in re.sub(r"38;5;([0-7])\b", r"3\1", codes).split(";"):
        code = int(code or 0)
        if code == 0:
            state.update(colour=None, bold=False, dim=False, reverse=False)
        elif code in (1, 2, 7):
            state[{1: "bold", 2: "dim", 7: "reverse"}[code]] = True
        elif code in COLOURS or code == 39:
            state["colour"] = None if code == 39 else code
        elif code in (22, 27):
            state.update(bold=False, dim=False) if code == 22 else state.update(reverse=False)


def runs(line, state):
    """Pieces of a row as (column, text, look). Box drawing stands alone, so that nothing is drawn askew.

    The look at the end of a row goes on in the next."""
    column, pieces = 0, []
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            take(state, part[2:-1])
            continue
        for char in re.findall(r"[\u2500-\u257f]+|[^\x00-\x7f\u2500-\u257f]+|[\x00-\x7f]+", part):
            pieces.append((column, char, style(state)))
            column += sum(map(width, char))
    return pieces, column


def main():
    state = dict(colour=None, bold=False, dim=False, reverse=False)
    lines = sys.stdin.read().rstrip("\n").split("\n")
    # Neither empty rows at the end nor the prompt.
    while len(lines) > 1 and re.sub(r"\x1b\[[0-9;]*m", "", lines[-1]).strip() in ("", "$", "#"):
        lines.pop()
    rows = [runs(line, state) for line in lines]
    columns = max((column for _, column in rows), default=1)
    wide, high = columns * CELL + 2 * PAD, len(rows) * ROW + 2 * PAD
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" width="{wide:.0f}" height="{high}" '
        'font-family="\'DejaVu Sans Mono\', Menlo, Consolas, \'Noto Sans Mono CJK SC\', monospace" font-size="14">',
        f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>',
    ]
    for number, (pieces, _) in enumerate(rows):
        y = PAD + number * ROW
        for column, text, (fill, bold, reverse) in pieces:
            x, long = PAD + column * CELL, sum(map(width, text)) * CELL
            if reverse:
                out.append(f'<rect x="{x:.1f}" y="{y}" width="{long:.1f}" height="{ROW}" fill="{fill}"/>')
                fill = BACK
            if not text.strip():
                continue
            weight = ' font-weight="bold"' if bold else ""
            out.append(
                f'<text x="{x:.1f}" y="{y + 14}" fill="{fill}"{weight} textLength="{long:.1f}" '
                f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(text)}</text>'
            )
    print("\n".join([*out, "</svg>"]))


main()
