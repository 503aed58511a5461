// An OPC UA client built on node-opcua: an implementation that is not ours to test the server of the exporter with.
//   node client.js FOLDER    FOLDER keeps its certificate
// Says one JSON line on stdout when it is ready, then answers one JSON line to each JSON line on stdin:
//   {"connect": URL, "policy": "Basic256Sha256", "mode": "SignAndEncrypt", "user": U, "password": P}
//   {"endpoints": URL}   {"browse": NODE}   {"read": NODE, "attribute": "Value"}   {"write": NODE, "value": V}
//   {"watch": [NODE, …]}   {"changes": true}   {"add": NODE}   {"call": NODE}   {"disconnect": true}
// It ends when stdin ends. node-opcua-client comes with node-opcua-server.
import { join } from "node:path";
import { createInterface } from "node:readline";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { ClientMonitoredItemGroup, ClientSubscription, OPCUAClient, UserTokenType } from "node-opcua-client";
import { AttributeIds } from "node-opcua-data-model";
import { TimestampsToReturn } from "node-opcua-data-value";
import { MessageSecurityMode, SecurityPolicy } from "node-opcua-secure-channel";
import { AddNodesRequest } from "node-opcua-types";
import { DataType } from "node-opcua-variant";

console.log = console.warn = console.error; // stdout is for answers alone
const [folder] = process.argv.slice(2);
const say = (answer) =>
  process.stdout.write(`${JSON.stringify(answer, (_key, one) => (typeof one === "bigint" ? String(one) : one))}\n`);
const store = new OPCUACertificateManager({
  rootFolder: join(folder, "pki"),
  automaticallyAcceptUnknownCertificate: true,
});
await store.initialize();

let client, session, subscription;
let seen = [];

function make(policy = "None", mode = "None") {
  return OPCUAClient.create({
    applicationName: "Foreign",
    clientCertificateManager: store,
    certificateFile: join(folder, "client.pem"),
    securityMode: MessageSecurityMode[mode],
    securityPolicy: SecurityPolicy[policy],
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0, initialDelay: 100 },
    requestedSessionTimeout: 60_000,
  });
}

const shown = (value) => ({
  value: value.value?.value,
  type: DataType[value.value?.dataType ?? 0],
  status: value.statusCode.value,
  source: value.sourceTimestamp?.toISOString(),
  server: value.serverTimestamp?.toISOString(),
});

async function connect({ connect: url, policy, mode, user, password }) {
  client = make(policy, mode);
  await client.createDefaultCertificate();
  await client.connect(url);
  session = await client.createSession(
    user ? { type: UserTokenType.UserName, userName: user, password } : { type: UserTokenType.Anonymous },
  );
  return { namespaces: await session.readNamespaceArray() };
}

async function endpoints(url) {
  const asking = make();
  await asking.connect(url);
  const found = await asking.getEndpoints();
  await asking.disconnect();
  return found.map((one) => ({
    policy: one.securityPolicyUri,
    mode: MessageSecurityMode[one.securityMode],
    tokens: one.userIdentityTokens.map((token) => UserTokenType[token.tokenType]),
  }));
}

async function browse(nodeId) {
  const found = await session.browse({ nodeId, resultMask: 63, includeSubtypes: true, browseDirection: "Forward" });
  return found.references.map((one) => ({
    node: one.nodeId.toString(),
    name: one.browseName.name,
    shown: one.displayName.text,
    type: one.typeDefinition.toString(),
    by: one.referenceTypeId.toString(),
  }));
}

async function watch(nodes) {
  subscription = ClientSubscription.create(session, {
    requestedPublishingInterval: 50,
    requestedMaxKeepAliveCount: 10,
    requestedLifetimeCount: 100,
    maxNotificationsPerPublish: 0,
    publishingEnabled: true,
  });
  await new Promise((done) => subscription.once("started", done));
  const items = nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value }));
  const wanted = { samplingInterval: 50, queueSize: 10, discardOldest: true };
  const group = ClientMonitoredItemGroup.create(subscription, items, wanted, TimestampsToReturn.Both);
  group.on("changed", (_item, value, at) => seen.push({ node: nodes[at], ...shown(value) }));
  await new Promise((done, fail) => group.once("initialized", done).once("err", fail));
  return { interval: subscription.publishingInterval };
}

async function answer(line) {
  const wish = JSON.parse(line);
  if (wish.connect) return connect(wish);
  if (wish.endpoints) return { endpoints: await endpoints(wish.endpoints) };
  if (wish.browse) return { references: await browse(wish.browse) };
  if (wish.read) {
    return shown(await session.read({ nodeId: wish.read, attributeId: AttributeIds[wish.attribute ?? "Value"] }));
  }
  if (wish.write) {
    const value = { value: { dataType: DataType.Double, value: wish.value } };
    return { status: (await session.write({ nodeId: wish.write, attributeId: AttributeIds.Value, value })).value };
  }
  if (wish.watch) return watch(wish.watch);
  if (wish.changes) return { changes: seen.splice(0) };
  if (wish.call) return { status: (await session.call({ objectId: "i=2253", methodId: wish.call })).statusCode.value };
  if (wish.add) {
    await session.performMessageTransaction(
      new AddNodesRequest({ nodesToAdd: [{ requestedNewNodeId: wish.add, browseName: "New" }] }),
    );
    return {};
  }
  const [open, link] = [session, client];
  session = client = undefined;
  await open?.close().catch(() => {}); // where the server is gone
  await link?.disconnect();
  return {};
}

createInterface({ input: process.stdin })
  .on("line", (line) => answer(line).then(say, (error) => say({ error: String(error.message ?? error) })))
  .on("close", () => process.exit(0));
say({ ready: true });
