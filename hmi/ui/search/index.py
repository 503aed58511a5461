"""What can be found in a plant, and a search that may be left off at any moment. No Qt.

Everything findable is one line of two long texts (names, and words about them), so that a look through
100,000 tags is a handful of calls of ``str.find``. Lines stand in the order in which equal hits are shown:
displays, equipment, alarms, tags.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hmi.client.port import PlantInfo
from hmi.core.texts import tr
from hmi.mimics import needs_arguments

MOST_HITS: Final = 200
_STEP: Final = 500  # lines made, or hits judged, between two looks at the clock
_CHUNK: Final = 131_072  # characters looked through between two looks at the clock
_GAP: Final = 2  # letters that may be missing between two typed ones
_MOST_TERM: Final = 24
_FEW: Final = 5  # exact hits: with as many, nothing that is only like the query is looked for
_TERM_WITH_ERROR: Final = 5  # letters of a word in which one may be wrong
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_DROPPED: Final = str.maketrans("", "", "-_·–")


class Entry(NamedTuple):
    """One thing that can be found. ``kind`` is display, equipment, alarm or tag.

    ``target`` is the name of the display, instance or tag; an alarm has that of its tag.
    """

    kind: str
    target: str
    title: str
    detail: str
    area: str


def folded(text: str) -> str:
    """As it is compared: AT-402, at_402 and At402 are the same."""
    return text.casefold().translate(_DROPPED)


class Index:
    """All entries of one plant; never changed once it is built (see ``built``)."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.targets: list[str] = []
        self.titles: list[str] = []
        self.details: list[str] = []
        self.areas: list[str] = []
        self.names = _Lines()
        self.words = _Lines()
        self.letters: NDArray[np.uint64] = np.zeros(0, np.uint64)

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, at: int) -> Entry:
        return Entry(self.kinds[at], self.targets[at], self.titles[at], self.details[at], self.areas[at])

    def line(self, at: int) -> str:
        """Everything that is compared for one entry."""
        return self.names.line(at) + self.words.line(at)


class _Lines:
    """Many short texts in one long text, each ended by a line feed."""

    def __init__(self) -> None:
        self.text = ""
        self.starts: NDArray[np.int64] = np.zeros(1, np.int64)
        self._fresh: list[str] = []
        self._parts: list[str] = []
        self._starts = array("q", [0])

    def append(self, line: str) -> None:
        self._fresh.append(line)
        self._starts.append(self._starts[-1] + len(line))

    def gather(self) -> None:
        """Join what was added lately; the last join has little to do then."""
        self._parts.append("".join(self._fresh))
        self._fresh.clear()

    def close(self) -> None:
        """All lines are there."""
        self.gather()
        self.text, self._parts = "".join(self._parts), []
        self.starts = np.frombuffer(self._starts, np.int64)

    def line(self, at: int) -> str:
        return self.text[self.starts[at] : self.starts[at + 1]]

    def at(self, position: int) -> int:
        return int(np.searchsorted(self.starts, position, side="right")) - 1


# ------------------------------------------------------------------------------------------ building


def built(plant: PlantInfo) -> Generator[None, None, Index]:
    """Builds the index of a plant; each step is short, so that the caller may let others run between."""
    index = Index()
    for count, found in enumerate(_entries(plant)):
        if count % _STEP == 0:
            index.names.gather()
            index.words.gather()
            yield
        if found is None:
            continue
        entry, name, more = found
        index.kinds.append(entry.kind)
        index.targets.append(entry.target)
        index.titles.append(entry.title)
        index.details.append(entry.detail)
        index.areas.append(entry.area)
        index.names.append(f"/{folded(name)}\n".replace(" ", "/"))
        index.words.append(f" {folded(f'{entry.title} {entry.detail} {entry.area} {more}')}\n")
    for lines in (index.names, index.words):
        lines.close()
        yield
    index.letters = np.zeros(len(index), np.uint64)
    for lines in (index.names, index.words):
        yield from _take_letters(index.letters, lines)
    return index


def _entries(plant: PlantInfo) -> Iterator[tuple[Entry, str, str] | None]:
    """(entry, its name, further words to find it by); None for a tag that has no alarm, so that time goes on."""
    titles = {area["path"]: area.get("title") or area["path"] for area in plant.areas}
    for display in sorted(plant.displays, key=lambda d: (d.name != plant.home, d.level)):
        if not needs_arguments(display.document):
            area = titles.get(display.area, display.area)
            entry = Entry("display", display.name, display.title, tr("Level {n}", n=display.level), area)
            yield entry, f"{display.name} {display.title}", ""
    for one in plant.instances:
        entry = Entry("equipment", one.name, one.name, one.title, titles.get(one.area, one.area))
        yield entry, f"{one.name} {one.title}", one.type
    for tag in plant.tags:
        if not tag.alarms:
            yield None
        for alarm in tag.alarms:
            words = str(alarm.get("message") or alarm.get("name") or alarm.get("kind") or "")
            entry = Entry("alarm", tag.name, words, tag.name, titles.get(tag.area, tag.area))
            yield entry, str(alarm.get("name") or words), str(alarm.get("kind", ""))
    for tag in plant.tags:
        yield Entry("tag", tag.name, tag.name, tag.description, titles.get(tag.area, tag.area)), tag.name, ""


def _take_letters(masks: NDArray[np.uint64], lines: _Lines) -> Iterator[None]:
    """One bit for each letter and digit that a line has."""
    table = np.zeros(128, np.uint64)
    for bit, letter in enumerate(_LETTERS):
        table[ord(letter)] = np.uint64(1 << bit)
    for first in range(0, len(masks), _STEP):
        last = min(first + _STEP, len(masks))
        start, end = int(lines.starts[first]), int(lines.starts[last])
        codes = np.frombuffer(lines.text[start:end].encode("utf-32-le"), np.uint32)
        bits = np.where(codes < len(table), table[np.minimum(codes, len(table) - 1)], np.uint64(0))
        masks[first:last] |= np.bitwise_or.reduceat(bits, lines.starts[first:last] - start)
        yield


def mask_of(text: str) -> int:
    """Bits of the letters and digits of a text."""
    return sum(1 << _LETTERS.index(letter) for letter in set(text) if letter in _LETTERS)


# ------------------------------------------------------------------------------------------ searching


class Search:
    """One question to an index. ``step`` goes on until ``enough`` says so; ``hits`` are line numbers, best first.

    Order: a name that is the word, a name with a part that begins so, a word that begins so, any part of a
    name, any part of the words, then letters in this order with up to two missing between them, then the
    same with one typed letter wrong.
    """

    def __init__(self, index: Index, query: str, most: int = MOST_HITS) -> None:
        self._index, self._most = index, most
        self._terms = [term[:_MOST_TERM] for term in folded(query).split()]
        self.hits: list[int] = []
        self._seen: set[int] = set()
        self._run = self._looked()
        self.done = False

    def step(self, enough: Callable[[], bool]) -> bool:
        """Look on; True when the search has ended."""
        while not self.done:
            if next(self._run, self) is self:
                self.done = True
            elif enough():
                break
        return self.done

    def _looked(self) -> Iterator[None]:
        if not self._terms:
            self.hits = [n for n, kind in enumerate(self._index.kinds[: self._most]) if kind == "display"]
            return
        term = max(self._terms, key=lambda t: (any(map(str.isdigit, t)), len(t)))
        names, words = self._index.names, self._index.words
        for lines, wanted in (
            (names, f"/{term}\n"), (names, f"/{term}/"), (names, f"/{term}."), (names, f"/{term}"),
            (names, f".{term}"), (words, f" {term}"), (names, term), (words, term),
        ):  # fmt: skip
            yield from self._through(lines, wanted)
            if len(self.hits) >= self._most:
                return
        for wrong, few in ((False, _FEW), (True, 1)):
            if len(self.hits) < few:
                yield from self._fuzzily(wrong)

    def _through(self, lines: _Lines, wanted: str) -> Iterator[None]:
        """Every line with this text in it that has the other terms too."""
        position, judged, text = 0, 0, lines.text
        while position < len(text):
            end = min(position + _CHUNK, len(text))
            found = text.find(wanted, position, end)
            if found < 0:
                position = end if end == len(text) else end - len(wanted) + 1
                yield
                continue
            at = lines.at(found)
            position = int(lines.starts[at + 1])
            if at not in self._seen and self._has_all(at):
                self._add(at)
                if len(self.hits) >= self._most:
                    return
            judged += 1
            if judged % _STEP == 0:
                yield

    def _has_all(self, at: int) -> bool:
        if len(self._terms) == 1:
            return True
        line = self._index.line(at)
        return all(term in line for term in self._terms)

    def _add(self, at: int) -> None:
        self._seen.add(at)
        self.hits.append(at)

    def _fuzzily(self, wrong: bool) -> Iterator[None]:
        """Letters in order; ``wrong``: with one letter of one term taken back."""
        wholes = [term for term in self._terms if len(term) > 2]
        for terms in _one_letter_less(self._terms) if wrong else ([self._terms] if wholes else []):
            yield from self._in_order(terms)
            if len(self.hits) >= self._most:
                return

    def _in_order(self, terms: list[str]) -> Iterator[None]:
        wanted = np.uint64(mask_of("".join(terms)))
        lines = np.flatnonzero((self._index.letters & wanted) == wanted)
        patterns = [re.compile(_spread(term)) for term in terms]
        yield
        for count, at in enumerate(lines.tolist()):
            if at not in self._seen:
                line = self._index.line(at)
                if all(pattern.search(line) for pattern in patterns):
                    self._add(at)
                    if len(self.hits) >= self._most:
                        return
            if count % _STEP == 0:
                yield


def _spread(term: str) -> str:
    """The letters of a term from the beginning of a word or part, with a few others between them."""
    return r"(?<![^\W_])" + rf"[^ /\n]{{0,{_GAP}}}?".join(map(re.escape, term))


def _one_letter_less(terms: list[str]) -> Iterator[list[str]]:
    for number, term in enumerate(terms):
        if len(term) < _TERM_WITH_ERROR:
            continue
        for at in range(1, len(term)):
            yield [*terms[:number], term[:at] + term[at + 1 :], *terms[number + 1 :]]


def finish(steps: Generator[None, None, Any], pause: Callable[[], None] = lambda: None) -> Any:
    """Run steps to their end with a pause after each; what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        pause()
