// An OPC UA server built on node-opcua, on loopback: an implementation that is not ours to test the driver with.
//   node server.js FOLDER PORT CHANNEL_MS    FOLDER keeps its certificate and trust lists; port 0 takes a free
//                                            one; CHANNEL_MS is the life of a secure channel
// Says one JSON line on stdout when it is ready, then answers one JSON line to each JSON line on stdin:
//   {"set": NAME, "value": V, "status": "BadSensorFailure", "time": "2026-03-01T12:00:00Z"}
//   the wishes of alarms.js, and
//   {"get": NAME}    {"sessions": true}    {"range": [LOW, HIGH]}    {"trust": "application"}    {"trust": "user"}    {"shutdown": MS}
// It ends when stdin ends.
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { makeRoles, WellKnownRoles } from "node-opcua-address-space";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { standardUnits } from "node-opcua-data-access";
import { makePermissionFlag } from "node-opcua-data-model";
import { nodesets } from "node-opcua-nodesets";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua-secure-channel";
import { OPCUAServer } from "node-opcua-server";
import { StatusCodes } from "node-opcua-status-code";
import { Range } from "node-opcua-types";
import { DataType, VariantArrayType } from "node-opcua-variant";
import { alarms } from "./alarms.js";

console.log = console.warn = console.error; // stdout is for answers alone
const URI = "urn:test:plant";
const [folder, port, channelMs] = process.argv.slice(2);
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

function store(name) {
  const rootFolder = join(folder, name);
  mkdirSync(rootFolder, { recursive: true });
  return new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: false });
}

const stores = { application: store("application"), user: store("user") };
const server = new OPCUAServer({
  port: Number(port),
  host: "127.0.0.1",
  hostname: "127.0.0.1",
  alternateHostname: ["127.0.0.1"],
  resourcePath: "/plant",
  nodeset_filename: [nodesets.standard],
  defaultSecureTokenLifetime: Number(channelMs),
  serverInfo: { applicationUri: "urn:test:foreign" },
  buildInfo: { productName: "Foreign", manufacturerName: "Other", softwareVersion: "7.1" },
  serverCertificateManager: stores.application,
  userCertificateManager: stores.user,
  securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
  securityPolicies: [
    SecurityPolicy.None,
    SecurityPolicy.Basic256Sha256,
    SecurityPolicy.Aes128_Sha256_RsaOaep,
    SecurityPolicy.Aes256_Sha256_RsaPss,
  ],
  userManager: {
    isValidUser: (name, password) => name === "operator" && password === "right",
    getUserRoles: (name) => makeRoles([name === "operator" ? WellKnownRoles.Operator : WellKnownRoles.Anonymous]),
  },
});
await Promise.all(Object.values(stores).map((one) => one.initialize()));
await server.initialize();

const space = server.engine.addressSpace;
const own = space.registerNamespace(URI);
const parent = own.addObject({ organizedBy: space.rootFolder.objects, browseName: "Plant" });
const nodes = {};

function add(name, kind, value, more = {}) {
  const isArray = ArrayBuffer.isView(value) ? !Buffer.isBuffer(value) : Array.isArray(value) && !kind.endsWith("Int64");
  const { make = "addVariable", ...options } = more;
  nodes[name] = own[make]({
    componentOf: parent,
    browseName: name,
    nodeId: `s=${name}`,
    dataType: kind,
    valueRank: isArray ? 1 : -1,
    minimumSamplingInterval: 50,
    value: { dataType: DataType[kind], arrayType: VariantArrayType[isArray ? "Array" : "Scalar"], value },
    ...options,
  });
}

add("Boolean", "Boolean", true);
add("SByte", "SByte", -128);
add("Byte", "Byte", 255);
add("Int16", "Int16", -32768);
add("UInt16", "UInt16", 65535);
add("Int32", "Int32", -2147483648);
add("UInt32", "UInt32", 4294967295);
add("Int64", "Int64", [0x7fffffff, 0xfffffffb]); // the library keeps 64 bits as [high, low]
add("UInt64", "UInt64", [0xffffffff, 0xfffffffb]);
add("Float", "Float", 1.5);
add("Double", "Double", 0.1);
add("String", "String", "Größe ✓");
add("DateTime", "DateTime", new Date("2026-03-01T12:00:00.250Z"));
add("ByteString", "ByteString", Buffer.from([0, 1, 255]));
add("LocalizedText", "LocalizedText", { locale: "en", text: "open" });
add("Guid", "Guid", "12345678-1234-5678-1234-567812345678");
add("Doubles", "Double", new Float64Array([1.5, 2.5, 3.5]));
add("Words", "UInt16", new Uint16Array([1, 2, 3, 4]));
add("Strings", "String", ["a", "b"]);
add("Flags", "Boolean", [true, false, true]);
add("Matrix", "Double", new Float64Array([1, 2, 3, 4, 5, 6]), {
  valueRank: 2,
  arrayDimensions: [2, 3],
  value: {
    dataType: DataType.Double,
    arrayType: VariantArrayType.Matrix,
    dimensions: [2, 3],
    value: new Float64Array([1, 2, 3, 4, 5, 6]),
  },
});
add("Span", "ExtensionObject", new Range({ low: 1, high: 9 }), { dataType: "Range" });

const mode = own.addEnumerationType({ browseName: "PumpMode", enumeration: ["Off", "Manual", "Auto"] });
add("Mode", "Int32", 2, { dataType: mode });
add("Flow", "Double", 40, {
  make: "addAnalogDataItem",
  engineeringUnitsRange: { low: 0, high: 200 },
  engineeringUnits: standardUnits.cubic_metre_per_hour,
});
add("Level", "Double", 3.5);
add("Counter", "Double", 0);
add("Setpoint", "Double", 10);
add("Display", "Double", 1, { accessLevel: "CurrentRead", userAccessLevel: "CurrentRead" });
const everybody = makePermissionFlag("Browse | Read");
add("Guarded", "Double", 1, {
  rolePermissions: [
    { roleId: WellKnownRoles.Anonymous, permissions: everybody },
    { roleId: WellKnownRoles.Operator, permissions: makePermissionFlag("Browse | Read | Write") },
  ],
});

// a history that outlives the link of a client, but not this server
for (const name of ["Counter", "Level"]) space.installHistoricalDataNode(nodes[name], { maxOnlineValues: 100_000 });

let writes = 0;
server.on("request", (request) => (writes += request.schema.name === "WriteRequest"));

const ofAlarms = alarms(space, own, parent, server);

let turn = 0;
setInterval(() => nodes.Counter.setValueFromSource({ dataType: DataType.Double, value: ++turn }), 100);

function set({ set: name, value, status = "Good", time }) {
  const variant = nodes[name].readValue().value.clone();
  if (value !== undefined) variant.value = value;
  nodes[name].setValueFromSource(variant, StatusCodes[status], time ? new Date(time) : new Date());
  return { ok: true };
}

// the range of Flow changes, and with it the meaning of its value
function range({ range: [low, high] }) {
  nodes.Flow.euRange.setValueFromSource({ dataType: DataType.ExtensionObject, value: new Range({ low, high }) });
  return { ok: true };
}

// everything that waits in "rejected" is trusted, as an engineer does it after a look
async function trust({ trust: name }) {
  const rejected = join(folder, name, "rejected");
  const files = readdirSync(rejected).filter((file) => file.endsWith(".pem"));
  for (const file of files) {
    const lines = readFileSync(join(rejected, file), "ascii").split("\n");
    const der = Buffer.from(lines.filter((line) => !line.startsWith("-----")).join(""), "base64");
    await stores[name].trustCertificate(der);
  }
  return { trusted: files.length };
}

async function answer(line) {
  const wish = JSON.parse(line);
  const told = await ofAlarms(wish);
  if (told !== undefined) return told;
  if (wish.set) return set(wish);
  if (wish.get) return { value: nodes[wish.get].readValue().value.value, writes };
  if (wish.sessions) return { sessions: server.engine.cumulatedSessionCount };
  if (wish.range) return range(wish);
  if (wish.trust) return trust(wish);
  server.shutdown(wish.shutdown).then(() => process.exit(0));
  return { ok: true };
}

createInterface({ input: process.stdin })
  .on("line", (line) => answer(line).then(say, (error) => say({ error: String(error) })))
  .on("close", () => process.exit(0));

await server.start();
say({ port: server.endpoints[0].port, url: server.getEndpointUrl() });
