// Both fronts as a client of another language meets them: results, statuses with details, deadlines, limits, streams, health.
// Run by `make test-node`, which starts a server for each front and names their addresses.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const PROTO = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "proto");
const FILES = ["promise_service", "sourcing_service", "inventory_service", "order_service", "network_service"];
const contract = grpc.loadPackageDefinition(
  loader.loadSync(
    FILES.map((name) => `belofte/v1/${name}.proto`),
    { includeDirs: [PROTO], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true },
  ),
).belofte.v1;

const ITEM = { native: "f1", aio: "f2" };
const SECONDS_MAX = 20;

function clients(address) {
  const made = (service) =>
    new contract[service](address, grpc.credentials.createInsecure(), { "grpc.max_send_message_length": -1 });
  return {
    promise: made("PromiseService"), sourcing: made("SourcingService"), inventory: made("InventoryService"),
    order: made("OrderService"), network: made("NetworkService"),
  };
}

/** One unary call; its answer, or the error. */
function call(client, method, request, seconds = SECONDS_MAX, metadata = new grpc.Metadata()) {
  const deadline = new Date(Date.now() + seconds * 1000);
  return new Promise((resolve) => {
    client[method](request, metadata, { deadline }, (error, answer) => resolve(error ?? answer));
  });
}

/** A UUID of version 7. */
function uuid7() {
  const time = Date.now().toString(16).padStart(12, "0");
  const random = [...crypto.getRandomValues(new Uint8Array(10))].map((each) => each.toString(16).padStart(2, "0")).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6, 18)}`;
}

function basket(item, quantity) {
  return {
    lines: [{ line_id: "1", item_id: item, quantity }],
    destination: { country_code: "NL", postal_code: "1012 AB" }, policy_id: "cost",
  };
}

for (const front of ["native", "aio"]) {
  const address = process.env[`BELOFTE_TEST_${front.toUpperCase()}`];
  const { promise, sourcing, inventory, order, network } = clients(address);
  const item = ITEM[front];

  test(`${front}: stock is set, quoted, sourced and read back`, async () => {
    const record = { item_id: item, location_id: "A", quantity: 5, kind: "INVENTORY_KIND_ON_HAND" };
    const adjusted = await call(inventory, "AdjustInventory", { request_id: uuid7(), records: [record] });
    assert.equal(adjusted.accepted_count, 1, String(adjusted));
    const quoted = await call(promise, "QuotePromise", { basket: basket(item, 2) });
    assert.equal(quoted.options[0].plan.shipments[0].location_id, "A", String(quoted));
    const request_id = uuid7();
    const request = { request_id, order: { order_id: `N-${request_id}`, basket: basket(item, 2) } };
    const sourced = await call(sourcing, "SourceOrder", request);
    assert.equal(sourced.order_id, `N-${request_id}`, String(sourced));
    const again = await call(sourcing, "SourceOrder", request);
    assert.deepEqual([again.duplicate, again.position], [true, sourced.position]);
    const read = await call(order, "GetOrder", { order_id: `N-${request_id}`, min_position: sourced.position });
    assert.equal(read.order.plan.shipments.length, 1, String(read));
  });

  test(`${front}: a refusal is a status with details`, async () => {
    const error = await call(promise, "QuotePromise", { basket: basket("nothing", 1) });
    assert.equal(error.code, grpc.status.NOT_FOUND);
    assert.match(error.details, /basket\.lines\[0\]\.item_id/);
    const details = error.metadata.get("grpc-status-details-bin")[0];
    assert.ok(details.includes("UNKNOWN_ITEM") && details.includes("google.rpc.BadRequest"));
  });

  test(`${front}: words outside ASCII arrive`, async () => {
    const error = await call(promise, "QuotePromise", { basket: basket("café ☃", 1) });
    assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
  });

  test(`${front}: a deadline that has passed is told`, async () => {
    const error = await call(promise, "QuotePromise", { basket: basket(item, 1) }, -1);
    assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED);
  });

  test(`${front}: what is too large is refused, and what comes after it is not`, async () => {
    const large = { basket: { ...basket(item, 1), customer_id: "x".repeat(2 ** 20 + 1) } };
    const error = await call(promise, "QuotePromise", large);
    assert.equal(error.code, grpc.status.RESOURCE_EXHAUSTED);
    const answer = await call(network, "GetNetwork", {});
    assert.equal(answer.network.name, "acceptance", String(answer));
  });

  test(`${front}: metadata has a limit`, async () => {
    const metadata = new grpc.Metadata();
    metadata.set("small", "x".repeat(4_000));
    assert.equal((await call(network, "GetNetwork", {}, SECONDS_MAX, metadata)).network.name, "acceptance");
    metadata.set("large", "x".repeat(20_000));
    assert.equal((await call(network, "GetNetwork", {}, SECONDS_MAX, metadata)).code, grpc.status.RESOURCE_EXHAUSTED);
  });

  test(`${front}: many calls at once have each its own answer`, async () => {
    const quantities = [...Array(300).keys()].map((n) => 1 + (n % 3));
    const answers = await Promise.all(quantities.map((n) => call(promise, "QuotePromise", { basket: basket(item, n) })));
    const found = answers.map((answer) => answer.options[0].plan.shipments[0].lines[0].quantity);
    assert.deepEqual(found, quantities);
  });

  test(`${front}: events are streamed until the client ends it`, async () => {
    const stream = order.WatchEvents({ from_position: "" }, { deadline: new Date(Date.now() + SECONDS_MAX * 1000) });
    const first = await new Promise((resolve, reject) => {
      stream.once("data", resolve);
      stream.once("error", reject);
    });
    assert.ok(first);
    const ended = new Promise((resolve) => stream.once("error", resolve));
    stream.cancel();
    assert.equal((await ended).code, grpc.status.CANCELLED);
  });

  test(`${front}: a method that nobody serves is told`, async () => {
    const unknown = new grpc.Client(address, grpc.credentials.createInsecure());
    const error = await new Promise((resolve) => {
      unknown.makeUnaryRequest("/belofte.v1.PromiseService/Nothing", (x) => x, (x) => x, Buffer.alloc(0), resolve);
    });
    assert.equal(error.code, grpc.status.UNIMPLEMENTED);
    unknown.close();
  });

  test(`${front}: connections are closed`, () => {
    for (const client of [promise, sourcing, inventory, order, network]) client.close();
  });
}
