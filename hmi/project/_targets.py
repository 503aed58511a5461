"""``[alarm_targets]`` of plant.toml."""

from __future__ import annotations

from hmi.project._draft import Draft
from hmi.project._read import TomlFile
from hmi.project.models import AlarmTargetsModel
from hmi.project.targets import BANDS, AlarmTargets, Band


def alarm_targets(model: AlarmTargetsModel, file: TomlFile, draft: Draft) -> AlarmTargets:
    """The targets as written; a limit below its target is a finding."""
    found = AlarmTargets(
        **{name: Band(*getattr(model, name)) for name in BANDS},
        p1_share=model.p1_share,
        p2_share=model.p2_share,
        p3_share=model.p3_share,
        share_margin=model.share_margin,
        ack_median_s=(model.p1_ack_s, model.p2_ack_s, model.p3_ack_s, model.p4_ack_s),
        shelve_max_h=model.shelve_max_h,
        p1_shelve_max_h=model.p1_shelve_max_h,
    )
    for name in BANDS:
        band: Band = getattr(found, name)
        if band.limit < band.target:
            line = file.lines.find(("alarm_targets", name))
            what = f"alarm_targets.{name}: the limit {band.limit:g} is below the target {band.target:g}"
            draft.findings.error(file.shown, line, what, "write it as [target, limit]")
    _check_shares(found, file, draft)
    return found


def _check_shares(found: AlarmTargets, file: TomlFile, draft: Draft) -> None:
    total = found.p1_share + found.p2_share + found.p3_share
    if total > 100:
        line = file.lines.find(("alarm_targets",))
        what = f"alarm_targets: p1_share, p2_share and p3_share are {total:g} % together"
        draft.findings.error(file.shown, line, what, "make them 100 % at most")
