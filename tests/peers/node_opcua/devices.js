// An OPC UA server with what a browse has to recognise: types with instances, a device (DI) and a machine (PackML).
//   node devices.js FOLDER    FOLDER keeps its certificate and trust lists
// Says one JSON line on stdout when it is ready, then answers {"trust": "application"} and
// {"kinds": true}; ends when stdin ends.
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { standardUnits } from "node-opcua-data-access";
import { nodesets } from "node-opcua-nodesets";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua-secure-channel";
import { OPCUAServer } from "node-opcua-server";
import { DataType } from "node-opcua-variant";

console.log = console.warn = console.error;
const [folder] = process.argv.slice(2);
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

function store(name) {
  const rootFolder = join(folder, name);
  mkdirSync(rootFolder, { recursive: true });
  return new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: false });
}

const stores = { application: store("application"), user: store("user") };
const server = new OPCUAServer({
  port: 0,
  host: "127.0.0.1",
  hostname: "127.0.0.1",
  alternateHostname: ["127.0.0.1"],
  resourcePath: "/devices",
  nodeset_filename: [nodesets.standard, nodesets.di, nodesets.packML],
  serverInfo: { applicationUri: "urn:test:devices" },
  buildInfo: { productName: "Devices", manufacturerName: "Other", softwareVersion: "2.0" },
  serverCertificateManager: stores.application,
  userCertificateManager: stores.user,
  allowAnonymous: false,
  securityModes: [MessageSecurityMode.SignAndEncrypt],
  securityPolicies: [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes256_Sha256_RsaPss],
  userManager: { isValidUser: (name, password) => name === "operator" && password === "right" },
});
await Promise.all(Object.values(stores).map((one) => one.initialize()));
await server.initialize();

const space = server.engine.addressSpace;
const own = space.registerNamespace("urn:test:pumps;1");
const objects = space.rootFolder.objects;

// --- three pumps of one type; the third has another range and something of its own
const pumpType = own.addObjectType({ browseName: "PumpType" });
const mode = own.addEnumerationType({ browseName: "PumpMode", enumeration: ["Off", "Manual", "Auto"] });

function pump(parent, name, high) {
  const id = `Line.${name}`;
  const object = own.addObject({ componentOf: parent, browseName: name, nodeId: `s=${id}`, typeDefinition: pumpType, description: `Pump ${name}` });
  own.addAnalogDataItem({
    componentOf: object, browseName: "Speed", nodeId: `s=${id}.Speed`, dataType: "Double",
    engineeringUnitsRange: { low: 0, high }, engineeringUnits: standardUnits.hertz, description: "shaft speed",
    accessLevel: "CurrentRead", userAccessLevel: "CurrentRead", value: { dataType: DataType.Double, value: 20 },
  });
  own.addTwoStateDiscrete({
    componentOf: object, browseName: "Running", nodeId: `s=${id}.Running`, trueState: "Runs", falseState: "Stands",
    accessLevel: "CurrentRead", userAccessLevel: "CurrentRead", value: { dataType: DataType.Boolean, value: true },
  });
  own.addVariable({
    componentOf: object, browseName: "Mode", nodeId: `s=${id}.Mode`, dataType: mode,
    value: { dataType: DataType.Int32, value: 2 },
  });
  const drive = own.addObject({ componentOf: object, browseName: "Drive", nodeId: `s=${id}.Drive` });
  own.addVariable({
    componentOf: drive, browseName: "Current", nodeId: `s=${id}.Drive.Current`, dataType: "Float",
    accessLevel: "CurrentRead", userAccessLevel: "CurrentRead", value: { dataType: DataType.Float, value: 1.5 },
  });
  const start = own.addMethod(object, { browseName: "Start", nodeId: `s=${id}.Start` });
  start.bindMethod((_inputs, _context, done) => done(null, { statusCode: 0 }));
  return object;
}

const line = own.addFolder(objects, { browseName: "Line", nodeId: "s=Line" });
pump(line, "P101", 50);
pump(line, "P102", 50);
const third = pump(line, "P103", 60);
own.addVariable({
  componentOf: third, browseName: "Vibration", nodeId: "s=Line.P103.Vibration", dataType: "Double",
  value: { dataType: DataType.Double, value: 0.1 },
});
own.addMultiStateDiscrete({
  organizedBy: line, browseName: "Route", nodeId: "s=Line.Route", enumStrings: ["None", "Tank 1", "Tank 2"], value: 1,
});
line.addReference({ referenceType: "Organizes", nodeId: third }); // a second way to the third pump
third.addReference({ referenceType: "Organizes", nodeId: line }); // and a loop

// --- a device
const di = space.getNamespaceIndex("http://opcfoundation.org/UA/DI/");
const deviceSet = objects.getFolderElementByName("DeviceSet", di);
const meterType = own.addObjectType({ browseName: "MeterType", subtypeOf: space.findObjectType("DeviceType", di) });
const meter = meterType.instantiate({
  browseName: "FT101", namespace: own, componentOf: deviceSet, nodeId: "s=FT101",
  optionals: ["Manufacturer", "Model", "SerialNumber", "SoftwareRevision"],
});
const texts = { Manufacturer: "Flowmakers", Model: "FM-7" };
for (const [name, text] of Object.entries(texts)) {
  meter.getPropertyByName(name, di).setValueFromSource({ dataType: DataType.LocalizedText, value: { text } });
}
for (const [name, value] of Object.entries({ SerialNumber: "A-4711", SoftwareRevision: "1.2" })) {
  meter.getPropertyByName(name, di).setValueFromSource({ dataType: DataType.String, value });
}
own.addVariable({
  componentOf: meter, browseName: "Flow", nodeId: "s=FT101.Flow", dataType: "Float",
  value: { dataType: DataType.Float, value: 3.5 },
});

// --- a machine
const packml = space.getNamespaceIndex("http://opcfoundation.org/UA/PackML/");
const filler = own.addObject({ organizedBy: objects, browseName: "Filler", nodeId: "s=Filler" });
const status = space.findObjectType("PackMLStatusObjectType", packml).instantiate({
  browseName: { name: "Status", namespaceIndex: packml }, namespace: own, componentOf: filler, nodeId: "s=Filler.Status",
});
own.addVariable({
  componentOf: status, browseName: { name: "StateCurrent", namespaceIndex: packml }, nodeId: "s=Filler.Status.StateCurrent",
  dataType: "Int32", value: { dataType: DataType.Int32, value: 6 },
});
const machine = own.addObject({ componentOf: status, browseName: { name: "Machine", namespaceIndex: packml }, nodeId: "s=Filler.Machine" });
const current = own.addVariable({
  componentOf: machine, browseName: { name: "CurrentState", namespaceIndex: 0 }, nodeId: "s=Filler.Machine.CurrentState",
  dataType: "LocalizedText", value: { dataType: DataType.LocalizedText, value: { text: "Execute" } },
});
own.addVariable({
  propertyOf: current, browseName: { name: "Number", namespaceIndex: 0 }, nodeId: "s=Filler.Machine.CurrentState.Number",
  typeDefinition: "PropertyType", dataType: "UInt32", value: { dataType: DataType.UInt32, value: 6 },
});

// every kind of request that came, so that a test can say that nothing but reading did
const kinds = new Set();
server.on("request", (request) => kinds.add(request.schema.name));

async function answer({ trust: name }) {
  if (!name) return { kinds: [...kinds].sort() };

  const rejected = join(folder, name, "rejected");
  const files = readdirSync(rejected).filter((file) => file.endsWith(".pem"));
  for (const file of files) {
    const lines = readFileSync(join(rejected, file), "ascii").split("\n");
    await stores[name].trustCertificate(Buffer.from(lines.filter((l) => !l.startsWith("-----")).join(""), "base64"));
  }
  return { trusted: files.length };
}

createInterface({ input: process.stdin })
  .on("line", (text) => answer(JSON.parse(text)).then(say, (error) => say({ error: String(error) })))
  .on("close", () => process.exit(0));

await server.start();
say({ port: server.endpoints[0].port, url: server.getEndpointUrl() });
