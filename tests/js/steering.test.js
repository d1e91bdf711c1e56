import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Delivery } from "../../static/js/player/delivery.js";
import { Steering } from "../../static/js/player/steering.js";
import { fakeFetch, fakeTime, listed } from "./helpers.js";

const LIFE = { issuedAt: 0, expiresAt: 900_000 };
const SERVER = 1_700_000_000_000;
let time;
let delivery;
let steering;

beforeEach(() => (time = fakeTime()));
afterEach(() => {
  steering?.stop();
  delivery?.close();
  time.end();
});

/** Steering that answers what `answer` gives; → the questions. */
function steered(answer) {
  const asked = [];
  const fetch = fakeFetch(({ init }) => {
    asked.push(JSON.parse(init.body));
    const { status = 200, ...body } = answer();
    return { status, body: JSON.stringify(body) };
  });
  const start = { nodes: listed("n1", "n2", "n3"), token: { value: "old", ...LIFE } };
  delivery = new Delivery(start, { fetch, now: time.now, random: () => 0.5, renew: () => new Promise(() => {}) });
  steering = new Steering("http://site.test/steering", delivery, () => ({ current: "what served last" }));
  return asked;
}

test("a failure is told at once, with where the film has gone, and at most every five seconds", async () => {
  const asked = steered(() => ({ nodes: listed("n3", "n2", "n1"), ttl: 30 }));
  delivery.failed("n1", { kind: "network" });
  await time.pass(100);
  assert.equal(asked.length, 1);
  assert.equal(asked[0].current, "n2");
  assert.deepEqual(asked[0].samples.map(({ node, failures }) => [node, failures]), [["n1", 1]]);
  assert.equal(delivery.active, "n2", "the answer moves nobody a second time");
  delivery.failed("n2", { kind: "network" });
  await time.pass(4000);
  assert.equal(asked.length, 1);
  await time.pass(1000);
  assert.equal(asked.length, 2);
});

test("what steering asks all to stay below is obeyed until its next answer", async () => {
  let mb = 1800;
  steered(() => ({ nodes: listed("n1", "n2", "n3"), ttl: 30, mb }));
  await time.pass(31_000, 100);
  assert.equal(delivery.cap, 1_800_000);
  mb = 0;
  await time.pass(31_000, 100);
  assert.equal(delivery.cap, 0);
});

test("a node that has been healthy since after its failure is forgiven, by the server's clock", async () => {
  const since = (ms) => listed("n1", "n2", "n3").map((node) => ({ ...node, healthy_since: SERVER + ms }));
  steered(() => ({ nodes: since(time.now() - 2000), ttl: 30, now: SERVER + time.now() }));
  delivery.failed("n1", { kind: "network" });
  await time.pass(500);
  assert.equal(delivery.nodes.state("n1", time.now()), "penalised");
  await time.pass(4000);
  delivery.failed("n3", { kind: "late" });
  await time.pass(1000);
  assert.equal(delivery.nodes.state("n1", time.now()), "healthy");
});

test("when the session is over it asks no more; when the site is away it asks again after its time", async () => {
  let status = 503;
  const asked = steered(() => ({ status }));
  await time.pass(61_000, 200);
  assert.equal(asked.length, 2);
  status = 410;
  await time.pass(120_000, 200);
  assert.equal(asked.length, 3);
});
