// Conditions of the server: made, raised and dropped at a word, and shown as the server itself sees them.
import { StatusCodes } from "node-opcua-status-code";

// wishes: {"make": NAME, "type": TYPE, "optionals": [...]}    {"kind": NAME, "of": TYPE}  (a type of the maker's own)
//   {"alarm": NAME, "active": true, "acked": false, "severity": 700, "message": "...", "quality": "...", "retain": true}
//   {"many": COUNT, "turns": N, "together": M}  (the conditions C0..., raised N times each, M times in one go)
//   {"branch": NAME}  (its present state is kept as a branch)    {"retained": true}    {"calls": METHOD}
export function alarms(space, own, parent, server) {
  space.installAlarmsAndConditionsService();
  const plant = own.addObject({
    organizedBy: space.rootFolder.objects,
    browseName: "AlarmArea",
    nodeId: "s=AlarmArea",
    eventNotifier: 0x01,
    notifierOf: space.rootFolder.objects.server,
  });
  const made = {};
  const calls = {};
  const kinds = {};

  server.on("request", (request) => {
    for (const call of request.methodsToCall ?? []) {
      const key = call.methodId.toString();
      calls[key] = (calls[key] ?? 0) + 1;
    }
  });

  function make(name, type, optionals) {
    const level = own.addVariable({
      componentOf: plant,
      browseName: `${name}.In`,
      nodeId: `s=${name}.In`,
      dataType: "Boolean",
      eventSourceOf: plant,
      value: { dataType: "Boolean", value: false },
    });
    made[name] = own.instantiateAlarmCondition(kinds[type] ?? type, {
      componentOf: plant,
      browseName: name,
      nodeId: `s=${name}`,
      conditionName: name,
      conditionSource: level,
      inputNode: level,
      optionals,
    });
    const shelf = made[name].shelvingState;
    shelf?.setState("Unshelved");
    // a change of the shelf is an event too; the library raises none
    shelf?.currentState.on("value_changed", () => setImmediate(() => state(name, {})));
    return made[name];
  }

  function state(name, { active, acked, severity, message, quality, retain = true }) {
    const alarm = made[name];
    const branch = alarm.currentBranch();
    if (active !== undefined) {
      branch.setActiveState(active);
      if (active) branch.setAckedState(false);
    }
    if (acked !== undefined) branch.setAckedState(acked);
    const info = { retain, severity: severity ?? branch.getSeverity() };
    if (message !== undefined) info.message = message;
    if (quality !== undefined) info.quality = StatusCodes[quality];
    alarm.raiseNewCondition(info);
    return { ok: true };
  }

  async function many({ many: count, turns = 1, together = 1 }) {
    for (let turn = 0; turn < turns; turn++) {
      for (let place = 0; place < count; place++) {
        const name = `C${place}`;
        if (!made[name]) make(name, "AlarmConditionType", []);
        state(name, { active: true, severity: 201 + ((place * 37 + turn) % 800), message: `turn ${turn}` });
      }
      if ((turn + 1) % together === 0) await new Promise(setImmediate); // the server goes on serving
    }
    return { ok: true };
  }

  function shown(alarm, branch) {
    return {
      condition: alarm.nodeId.toString(),
      branch: branch === alarm.currentBranch() ? "" : branch.getBranchId().toString(),
      event: branch.getEventId().toString("hex"),
      active: branch.getActiveState(),
      acked: branch.getAckedState(),
      severity: branch.getSeverity(),
      shelved: alarm.shelvingState?.currentState.readValue().value.value?.text ?? "",
      comment: branch.getComment()?.text ?? "",
    };
  }

  function retained() {
    const all = Object.values(made).flatMap((alarm) =>
      [alarm.currentBranch(), ...alarm.getBranches()].filter((one) => one.getRetain()).map((one) => shown(alarm, one)),
    );
    return { retained: all };
  }

  return function answer(wish) {
    if (wish.make) return { node: make(wish.make, wish.type, wish.optionals ?? []).nodeId.toString() };
    if (wish.kind) {
      const subtypeOf = kinds[wish.of] ?? wish.of;
      kinds[wish.kind] = own.addEventType({ browseName: wish.kind, subtypeOf, isAbstract: false });
      return { ok: true };
    }
    if (wish.alarm) return state(wish.alarm, wish);
    if (wish.many) return many(wish);
    if (wish.branch) {
      const branch = made[wish.branch].createBranch();
      branch.setRetain(true);
      made[wish.branch].raiseNewBranchState(branch);
      return { branch: branch.getBranchId().toString() };
    }
    if (wish.retained) return retained();
    if (wish.calls) return { count: calls[wish.calls] ?? 0 };
    return undefined;
  };
}
