"""Lists as files that other programs open: CSV in which no cell is taken for a formula, plain HTML; no Qt."""

from __future__ import annotations

import csv
import html
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_STYLE: Final = (
    "body{font:14px sans-serif;margin:24px;color:#000;background:#fff}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #888;padding:4px 8px;text-align:left;vertical-align:top}p.none{color:#666}"
    "h2{font-size:16px;margin:20px 0 6px}tr{page-break-inside:avoid}"
)
Table = tuple[str, Sequence[Sequence[str]]]


def safe_cell(text: str) -> str:
    """The text with a ' before it where a spreadsheet would compute it."""
    is_formula = text.lstrip(" \n").startswith(_FORMULA) and not _is_number(text)
    return f"'{text}" if is_formula else text


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Every cell quoted, lines end as RFC 4180 says."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def html_text(title: str, about: str, head: Sequence[str], tables: Iterable[Table], empty: str) -> str:
    """One page to print: a table for each part, ``empty`` where a part has no rows. No scripts, nothing fetched."""
    parts = [f"<h1>{html.escape(title)}</h1><p>{html.escape(about)}</p>"]
    for name, rows in tables:
        parts.append(f"<h2>{html.escape(name)}</h2>")
        parts.append(_table(head, rows) if rows else f'<p class="none">{html.escape(empty)}</p>')
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def write_whole(file: Path, text: str) -> Path:
    """Whole or not at all, with the mark by which a spreadsheet knows UTF-8; OSError when it cannot be written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(text, encoding="utf-8-sig", newline="")
    os.replace(fresh, file)
    return file


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["<tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
