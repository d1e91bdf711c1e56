import assert from "node:assert/strict";
import { test } from "node:test";
import { duress, Hints, maximumBitrate } from "../../static/js/player/hints.js";
import { Nodes } from "../../static/js/player/nodes.js";
import { listed } from "./helpers.js";

const fair = { random: () => 0.5 }; // no jitter

test("the best ranked node is asked first and stays first", () => {
  const nodes = new Nodes(listed("n1", "n2", "shield"), fair);
  assert.deepEqual(nodes.order(0), ["n1", "n2", "shield"]);
  assert.equal(nodes.active, "n1");
});

test("a failed node goes last and the next one takes over for audio and video alike", () => {
  const nodes = new Nodes(listed("n1", "n2", "shield"), fair);
  assert.equal(nodes.penalise("n1", 1000, "stall"), true);
  assert.deepEqual(nodes.order(1000), ["n2", "shield", "n1"]);
  assert.equal(nodes.active, "n2");
});

test("the order is never empty: when all have failed, the oldest failure comes first", () => {
  const nodes = new Nodes(listed("n1", "n2", "shield"), fair);
  nodes.penalise("n2", 1000, "x");
  nodes.penalise("n1", 2000, "x");
  nodes.penalise("shield", 3000, "x");
  assert.deepEqual(nodes.order(3000), ["n2", "n1", "shield"]);
  nodes.penalise("n2", 4000, "x"); // failed again as a last resort: now the others are older
  assert.deepEqual(nodes.order(4000), ["n1", "shield", "n2"]);
});

test("penalties double with every failure, to five minutes at most", () => {
  const nodes = new Nodes(listed("n1", "n2"), fair);
  let now = 0;
  for (const seconds of [10, 20, 40, 80, 160, 300, 300]) {
    nodes.penalise("n1", now, "x");
    assert.equal(nodes.state("n1", now + seconds * 1000 - 1), "penalised", `${seconds} s`);
    assert.equal(nodes.state("n1", now + seconds * 1000), "half-open", `${seconds} s`);
    now += seconds * 1000;
  }
});

test("a second failure within a penalty is not counted again", () => {
  const nodes = new Nodes(listed("n1", "n2"), fair);
  nodes.penalise("n1", 0, "x");
  assert.equal(nodes.penalise("n1", 500, "x"), false);
  assert.equal(nodes.state("n1", 10_000), "half-open");
});

test("penalties are spread by jitter", () => {
  const early = new Nodes(listed("n1", "n2"), { random: () => 0 });
  const late = new Nodes(listed("n1", "n2"), { random: () => 0.999 });
  early.penalise("n1", 0, "x");
  late.penalise("n1", 0, "x");
  assert.equal(early.state("n1", 9_100), "half-open");
  assert.equal(late.state("n1", 10_900), "penalised");
});

test("after its penalty a node is half open: due for a probe, and behind the healthy ones", () => {
  const nodes = new Nodes(listed("n1", "n2", "shield"), fair);
  nodes.penalise("n1", 0, "x");
  assert.deepEqual(nodes.due(9_999), []);
  assert.deepEqual(nodes.due(10_000), ["n1"]);
  assert.deepEqual(nodes.order(10_000), ["n2", "shield", "n1"]);
});

test("a probe that goes well forgives, but moves nobody back at once", () => {
  const nodes = new Nodes(listed("n1", "n2"), fair);
  nodes.penalise("n1", 0, "x");
  nodes.succeed("n1", 12_000);
  assert.equal(nodes.state("n1", 12_000), "healthy");
  assert.equal(nodes.active, "n2", "the film runs well where it is");
});

test("a recovered node that ranks better is taken again when the last move is a minute old", () => {
  const nodes = new Nodes(listed("n1", "n2"), fair);
  nodes.penalise("n1", 0, "x");
  nodes.succeed("n1", 61_000);
  assert.equal(nodes.active, "n1");
});

test("two minutes without trouble and the count of failures begins anew", () => {
  const nodes = new Nodes(listed("n1", "n2"), fair);
  nodes.penalise("n1", 0, "x");
  nodes.penalise("n1", 11_000, "x"); // second: 20 s
  nodes.succeed("n1", 40_000);
  nodes.penalise("n1", 400_000, "x");
  assert.equal(nodes.state("n1", 409_999), "penalised");
  assert.equal(nodes.state("n1", 410_000), "half-open");
});

test("steering moves the film to a better node, but not to one that just failed here", () => {
  const nodes = new Nodes(listed("n1", "n2", "shield"), fair);
  nodes.update(listed("n2", "n1", "shield"), 0);
  assert.equal(nodes.active, "n2");
  nodes.penalise("n2", 1000, "x");
  assert.equal(nodes.active, "n1");
  nodes.update(listed("n2", "n1", "shield"), 2000);
  assert.equal(nodes.active, "n1", "its penalty outlives a ranking that has not heard of it");
});

test("an empty or broken ranking is refused", () => {
  const nodes = new Nodes(listed("n1", "n2"), fair);
  for (const bad of [[], null, undefined, [{ id: "n3" }], [{}]]) nodes.update(bad, 0);
  assert.deepEqual(nodes.order(0), ["n1", "n2"]);
});

test("a node that steering no longer names is left", () => {
  const nodes = new Nodes(listed("n1", "n2"), fair);
  nodes.update(listed("n2", "shield"), 0);
  assert.equal(nodes.active, "n2");
  assert.equal(nodes.state("n1", 0), "gone");
  assert.equal(nodes.base("n1"), null);
});

test("a node that asks us to go on elsewhere is passed over for a minute, and still asked before one that failed", () => {
  const nodes = new Nodes(listed("n1", "n2", "n3", "shield"), fair);
  nodes.penalise("n2", 900, "x");
  nodes.leave("n1", 1000);
  assert.equal(nodes.active, "n3");
  assert.deepEqual(nodes.order(1000), ["n3", "shield", "n1", "n2"]);
  assert.equal(nodes.state("n1", 1000), "healthy", "it is well: no probe, no penalty");
  nodes.update(listed("n1", "n2", "n3", "shield"), 2000);
  assert.equal(nodes.active, "n3", "a ranking that is older than the hint moves nobody back");
  nodes.update(listed("n1", "n2", "n3", "shield"), 61_001);
  assert.equal(nodes.active, "n1");
});

test("nobody leaves a node for the site itself, nor for one that asks the same", () => {
  const nodes = new Nodes(listed("n1", "n2", "shield"), fair);
  nodes.leave("n1", 0);
  nodes.leave("n2", 10);
  assert.equal(nodes.active, "n2");
  const alone = new Nodes(listed("n1", "shield"), fair);
  alone.leave("n1", 0);
  assert.equal(alone.active, "n1");
});

test("a node that refuses everything is not asked first while the others are penalised, and soon again", () => {
  const nodes = new Nodes(listed("n1", "n2", "n3", "shield"), fair);
  nodes.penalise("n2", 0, "slow", "slow");
  nodes.penalise("n3", 0, "connection");
  nodes.leave("n1", 10, 30_000, { refuses: true });
  assert.equal(nodes.active, "shield");
  assert.deepEqual(nodes.order(10), ["shield", "n2", "n1", "n3"]);
  assert.equal(nodes.state("n1", 10), "healthy");
  assert.equal(nodes.order(10_011)[1], "n1", "ten seconds later it may have room again");
  nodes.leave("n1", 10_011, 30_000, { refuses: true });
  nodes.succeed("n1", 10_100);
  assert.equal(nodes.order(10_100)[1], "n1", "an answer is an answer");
});

test("when the picture will stop, a node that was only judged to be silent is a rival too", () => {
  const nodes = new Nodes(listed("n1", "n2", "n3"), fair);
  nodes.penalise("n3", 0, "content", "wrong");
  nodes.penalise("n2", 20, "first-byte");
  assert.equal(nodes.rival(["n1"], 100), null);
  assert.equal(nodes.rival(["n1"], 100, { desperate: true }), "n2");
  assert.equal(nodes.rival(["n1", "n2"], 100, { desperate: true }), null, "not one that lied");
  nodes.penalise("n2", 200, "connection");
  assert.equal(nodes.rival(["n1"], 300, { desperate: true }), null, "nor a dead one");
});

test("a hint says with which chance to move", () => {
  for (const [text, chance] of [
    [null, 0], ["", 0], ['"n1";etp=48', 0], ['"n1";mb=2500', 0], ['"n1";du', 1], ['"n1";du;mb=2500', 1],
    ['"n1";du;com.netflixlite-share=0.059', 0.059], ['"n1";du;com.netflixlite-share=7', 1],
    ['"n1";du;com.netflixlite-share=x', 1], ['"a";mb=1, "n1";du;com.netflixlite-share=0', 0], ['"du"', 0],
  ]) assert.equal(duress(text), chance, String(text));
});

test("a maximum bitrate holds for half a minute on a node's word, and until the next answer on steering's", () => {
  assert.equal(maximumBitrate('"n1";mb=2500;du, "shield";mb=1800'), 1_800_000);
  for (const text of ["", null, '"n1";mb=0', '"n1";mb=x']) assert.equal(maximumBitrate(text), 0);
  const hints = new Hints();
  assert.equal(hints.cap(0), 0);
  hints.hear("n1", '"n1";mb=2500', 1000);
  assert.equal(hints.cap(30_999), 2_500_000);
  assert.equal(hints.cap(31_000), 0);
  hints.steer(3000);
  hints.hear("n1", '"n1";mb=4000', 40_000);
  assert.equal(hints.cap(40_000), 3_000_000, "the lower one");
  hints.steer(0);
  assert.equal(hints.cap(40_000), 4_000_000);
});

test("a node that the server knows to be healthy since after its failure here is forgiven; an older stamp says nothing", () => {
  const server = 1_700_000_000_000;
  const since = (ms) => listed("n1", "n2").map((node) => ({ ...node, healthy_since: server + ms }));
  const nodes = new Nodes(listed("n1", "n2"), fair);
  nodes.penalise("n1", 100_000, "x"); // the server's clock shows `server` when ours shows 100 s
  nodes.update(since(-60_000), 105_000, server + 5000);
  assert.equal(nodes.state("n1", 105_000), "penalised", "it was healthy in the server's eyes when it failed here");
  nodes.update(since(500), 105_000, server + 5000);
  assert.equal(nodes.state("n1", 105_000), "penalised", "within the second that the clock may be wrong by");
  nodes.update(since(3000), 105_000, server + 5000);
  assert.equal(nodes.state("n1", 105_000), "healthy");
  assert.equal(nodes.active, "n1");
  assert.equal(nodes.list(105_000)[0].failures, 0);
});

test("a node that was only slow is asked before a dead one, and one that sent wrong bytes is the very last", () => {
  const nodes = new Nodes(listed("n1", "n2", "n3"), fair);
  nodes.penalise("n1", 0, "wrong bytes", "wrong");
  nodes.penalise("n2", 0, "network");
  nodes.penalise("n3", 1000, "slow", "slow");
  assert.deepEqual(nodes.order(1000), ["n3", "n2", "n1"]);
  assert.equal(nodes.lied("n1"), true);
  assert.equal(nodes.state("n1", 299_000), "penalised");
  assert.equal(nodes.rival([], 1000), null, "nobody may be asked beside another");
});

test("when all fail together the counts stay, and the first answer has the others probed", () => {
  const nodes = new Nodes(listed("n1", "n2"), fair);
  for (let now = 0; now < 100_000; now += 10_000) for (const id of ["n1", "n2"]) nodes.penalise(id, now, "network");
  assert.ok(nodes.list(100_000)[1].failures <= 2, "it was the viewer's link");
  nodes.succeed("n2", 101_000);
  nodes.relent(101_000);
  assert.deepEqual(nodes.due(101_000), ["n1"]);
});

test("the film does not go back within a minute to a node that failed here, however well it ranks", () => {
  const nodes = new Nodes(listed("n1", "n2"), fair);
  nodes.penalise("n1", 0, "x");
  nodes.succeed("n1", 12_000);
  nodes.update(listed("n1", "n2"), 30_000);
  assert.equal(nodes.active, "n2");
  nodes.update(listed("n1", "n2"), 61_000);
  assert.equal(nodes.active, "n1");
});

test("the answer to the question that a failure brings about moves the film no second time", () => {
  const nodes = new Nodes(listed("n1", "n2", "n3"), fair);
  nodes.penalise("n1", 10_000, "x");
  nodes.update(listed("n3", "n1", "n2"), 10_400);
  assert.equal(nodes.active, "n2");
  nodes.update(listed("n3", "n1", "n2"), 20_000);
  assert.equal(nodes.active, "n3");
  nodes.penalise("n3", 20_000, "x");
  nodes.update(listed("n1", "n3"), 20_400);
  assert.equal(nodes.active, "n1", "a node that is not named is left at once");
});

test("from the site's own shelter the film comes back soon to a node that was only misjudged", () => {
  const nodes = new Nodes(listed("n1", "n2", "n3", "shield"), { random: () => 0.5 });
  nodes.penalise("n1", 0, "network");
  nodes.penalise("n2", 1000, "slow", "slow");
  nodes.penalise("n3", 2000, "first-byte");
  assert.equal(nodes.active, "shield");
  assert.deepEqual(nodes.due(3900), []);
  assert.deepEqual(nodes.due(4100), ["n2", "n3"], "n1 refused: it has its whole penalty");
  nodes.penalise("n3", 4200, "probe failed");
  nodes.succeed("n2", 4300);
  assert.equal(nodes.active, "n2");
  assert.equal(nodes.state("n3", 20_000), "penalised", "a probe that fails is no judgement of ours");
});
