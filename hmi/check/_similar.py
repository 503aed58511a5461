"""Checks names that people mix up: those that differ in capital letters only."""

from __future__ import annotations

from hmi.project.draft import Draft
from hmi.project.plant import Source


def check_similar(draft: Draft) -> None:
    """A warning for each pair of tags or instances that one search word finds alike."""
    names = [(one.name, one.source) for one in draft.instances.values()]
    names += [(tag.name, tag.source) for tag in draft.tags if not tag.instance]
    seen: dict[str, tuple[str, Source]] = {}
    for name, source in names:
        other, first = seen.setdefault(name.lower(), (name, source))
        if other != name:
            what = f"{name} differs from {other} in capital letters only"
            do = f"rename one of them; {other} stands in {first.file}:{first.line}"
            draft.findings.warning(source.file, source.line, what, do, rule="similar-name")
