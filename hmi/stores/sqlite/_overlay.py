"""Works out what a late, edited or deleted sample does to what is kept, by the policy for duplicates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from hmi.core.history import Modification
from hmi.historian.port import CommitKind, DuplicatePolicy
from hmi.historian.samples import Batch, Samples, ValueKind, joined
from hmi.stores.sqlite._damage import stands_in
from hmi.stores.sqlite._rows import Effect, keys, no_samples

Known = Callable[[int, int, int], Iterator[Samples]]
"""Samples kept of a tag from one instant to another, in pieces."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """Samples of a tag that were kept and are not any more, in the order in which they went."""

    tag: int
    samples: Samples
    act: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a batch does, and the versions that it pushes out."""

    effect: Effect
    replaced: tuple[Replaced, ...]


def resolved(batch: Batch, kind: CommitKind, policy: DuplicatePolicy, known: Known) -> Resolved:
    """The effect of a batch; the batch itself is added where nothing is known at its instants."""
    added: list[tuple[int, Samples]] = []
    removed: list[tuple[int, np.ndarray]] = []
    replaced: list[Replaced] = []
    clean = kind is not CommitKind.DELETE
    for tag, samples in batch.by_tag():
        old = _at_instants(known, tag, samples.times)
        if kind is CommitKind.DELETE:
            gone, new = np.unique(old.times), Samples.empty()
            out = [Replaced(tag, old, "delete")] if len(old) else []
        elif not len(old) and bool((np.diff(samples.times) > 0).all()):
            gone, new, out = np.empty(0, np.int64), samples, []
        else:
            clean = False
            gone, new, out = _by_policy(tag, old, samples, policy)
        added.append((tag, new))
        removed.append((tag, gone))
        replaced += out
    whole = batch if clean else _batch(added)
    return Resolved(Effect(whole, _keys(removed)), tuple(replaced))


def reason_of(given: Modification | None, act: str, time: int) -> Modification:
    return given or Modification("", time, "", act)


def _by_policy(
    tag: int, old: Samples, new: Samples, policy: DuplicatePolicy
) -> tuple[np.ndarray, Samples, list[Replaced]]:
    """(instants that go, samples that come, versions that are pushed out) of one tag."""
    known = np.isin(new.times, old.times)
    double = np.zeros(len(new), bool)
    double[1:] = new.times[1:] == new.times[:-1]
    double[:-1] |= double[1:]
    place, after = (np.searchsorted(old.times, new.times, side=side) for side in ("left", "right"))
    single = known & ~double & (after - place == 1) & (new.kinds != ValueKind.OBJECT)
    begun = new.take(~known & ~double)
    alike = _singles(tag, old.take(place[single]), new.take(single), policy)
    one_by_one = _contested(tag, old, new.take(np.flatnonzero((known | double) & ~single)), policy)
    gone = np.concatenate([alike[0], one_by_one[0]])
    return gone, joined([begun, alike[1], one_by_one[1]]).in_order(), [*alike[2], *one_by_one[2]]


Outcome = tuple[np.ndarray, Samples, list[Replaced]]


def _singles(tag: int, old: Samples, new: Samples, policy: DuplicatePolicy) -> Outcome:
    """Where one number meets one that is kept: all of them at once."""
    nothing = np.empty(0, np.int64)
    if not len(new) or policy is DuplicatePolicy.KEEP_FIRST:
        return nothing, Samples.empty(), []
    if policy is DuplicatePolicy.APPEND:
        return nothing, replace(new, versions=(old.versions + 1).astype(np.uint16)), []
    if policy is DuplicatePolicy.KEEP_OR_REPLACE:
        same = (old.bits == new.bits) & (old.kinds == new.kinds) & (old.statuses == new.statuses)
        old, new = old.take(~same), new.take(~same)
    return new.times, new, [Replaced(tag, old, "replace")] if len(old) else []


def _contested(tag: int, old: Samples, new: Samples, policy: DuplicatePolicy) -> Outcome:
    """Samples of one instant act one after the other, as if each had come alone."""
    come: dict[int, Samples] = {}
    gone: set[int] = set()
    out: list[Replaced] = []
    none = Samples.empty()
    for place in range(len(new)):
        one = new.take(slice(place, place + 1))
        time = int(one.times[0])
        kept = none if time in gone else old.between(time, time)
        now = joined([kept, come.get(time, none)])
        if not len(now):
            come[time] = one
        elif policy is DuplicatePolicy.APPEND:
            version = np.array([int(now.versions[-1]) + 1], np.uint16)
            come[time] = joined([come.get(time, none), replace(one, versions=version)])
        elif not _is_kept(now.take(slice(-1, None)), one, policy):
            out.append(Replaced(tag, now, "replace"))
            come[time] = one
            if len(kept):
                gone.add(time)
    times = np.array(sorted(gone), np.int64)
    return times, joined(come.values()).in_order(), out


def _is_kept(old: Samples, new: Samples, policy: DuplicatePolicy) -> bool:
    """Whether the old one stays: the policy says so, or both say the same (value with its kind, and status)."""
    if policy is DuplicatePolicy.KEEP_FIRST:
        return True
    if policy is DuplicatePolicy.REPLACE or old.statuses[0] != new.statuses[0]:
        return False
    if old.kinds[0] == ValueKind.OBJECT and new.kinds[0] == ValueKind.OBJECT:
        return old.objects == new.objects
    return bool(old.bits[0] == new.bits[0] and old.kinds[0] == new.kinds[0])


def _at_instants(known: Known, tag: int, times: np.ndarray) -> Samples:
    """What is kept at some instants (which rise); what stands in for damage is none of it and stays."""
    pieces = known(tag, int(times[0]), int(times[-1]))
    return joined(piece.take(np.isin(piece.times, times) & ~stands_in(piece)) for piece in pieces)


def _batch(parts: list[tuple[int, Samples]]) -> Batch:
    kept = [(tag, samples) for tag, samples in parts if len(samples)]
    if not kept:
        return no_samples()
    tags = np.repeat(np.array([tag for tag, _ in kept], np.int32), [len(samples) for _, samples in kept])
    return Batch(tags, joined(samples for _, samples in kept))


def _keys(parts: list[tuple[int, np.ndarray]]) -> Batch:
    kept = [(tag, np.sort(times)) for tag, times in parts if len(times)]
    if not kept:
        return no_samples()
    tags = np.repeat(np.array([tag for tag, _ in kept], np.int32), [len(times) for _, times in kept])
    return keys(tags, np.concatenate([times for _, times in kept]))
