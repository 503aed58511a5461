"""Malfunctions: one vocabulary for all plants, each with severity, delay and ramp, kept inside the state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulators.kit.state import State, clamp


@dataclass(frozen=True, slots=True)
class Malfunction:
    """What a trainer may set. ``kind`` names the effect, ``target`` the equipment or connection."""

    id: str
    kind: str
    target: str
    title: str


class MalfunctionBoard:
    """The plant's catalogue and the levels (0 .. 1) that are active now, read from the state every step."""

    def __init__(self, catalogue: tuple[Malfunction, ...]) -> None:
        self.catalogue = {item.id: item for item in catalogue}
        self._spellings = {_spelling(id): id for id in self.catalogue}
        self.levels: dict[tuple[str, str], float] = {}

    def set(self, state: State, id: str, *, severity: float, ramp_s: float, delay_s: float) -> None:
        """Start ``id`` now; setting it again starts it anew. Raises ValueError with one sentence."""
        id = self._spellings.get(_spelling(id), id)
        if id not in self.catalogue:
            raise ValueError(f"there is no malfunction {id!r}; the verb status lists them under 'available'")
        if not 0.0 <= severity <= 1.0:
            raise ValueError(f"severity must lie between 0 and 1, not {severity:g}")
        if ramp_s < 0 or delay_s < 0:
            raise ValueError("ramp_s and delay_s must not be negative")
        state["malfunctions"][id] = [severity, ramp_s, delay_s, state["t"]]

    def clear(self, state: State, id: str) -> None:
        """End ``id``; ``*`` ends all of them."""
        id = self._spellings.get(_spelling(id), id)
        if id == "*":
            state["malfunctions"].clear()
        elif state["malfunctions"].pop(id, None) is None:
            raise ValueError(f"malfunction {id!r} is not active")

    def refresh(self, state: State) -> None:
        """Compute the levels for this step."""
        self.levels = levels = {}
        for id, (severity, ramp, delay, since) in state["malfunctions"].items():
            age = state["t"] - since - delay
            if age >= 0:
                item = self.catalogue[id]
                levels[item.kind, item.target] = severity * (clamp(age / ramp, 0.0, 1.0) if ramp > 0 else 1.0)

    def level(self, kind: str, target: str) -> float:
        """0 when not active."""
        return self.levels.get((kind, target), 0.0) if self.levels else 0.0

    def active(self, state: State) -> list[dict[str, Any]]:
        """The active list as the instructor sees it."""
        result: list[dict[str, Any]] = []
        for id, (severity, ramp, delay, since) in state["malfunctions"].items():
            item = self.catalogue[id]
            result.append(
                {"id": id, "title": item.title, "target": item.target, "kind": item.kind, "severity": severity,
                 "ramp_s": ramp, "delay_s": delay, "age_s": round(state["t"] - since, 3),
                 "level": round(self.level(item.kind, item.target), 4)}
            )  # fmt: skip
        return result

    def available(self) -> list[dict[str, Any]]:
        """The catalogue as the instructor sees it."""
        return [
            {"id": m.id, "title": m.title, "target": m.target, "kind": m.kind}
            for m in self.catalogue.values()
        ]


def _spelling(id: str) -> str:
    """``pump_trip-p101a`` and ``pump_trip_p101a`` are the same malfunction."""
    return id.replace("-", "_").lower()
