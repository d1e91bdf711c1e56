// What is watched: renditions and the size in bytes of each of their segments.

import { readFileSync } from "node:fs";

import { between, normal, random } from "./random.js";

const REAL = JSON.parse(readFileSync(new URL("bunny.json", import.meta.url), "utf-8"));

function film(name, duration, levels, sizes) {
  const known = levels.map(({ average, peak, height }, index) => ({ index, average, bitrate: peak, height }));
  return { name, duration, levels: known, sizes };
}

/** A real package: half a minute of animation of very uneven size, over and over. */
export function bunny(segments = 90) {
  const at = Array.from({ length: segments }, (_, segment) => segment);
  const sizes = REAL.levels.map((level) => at.map((segment) => level.sizes[segment % level.sizes.length]));
  return film("bunny", REAL.duration, REAL.levels, sizes);
}

/**
 * A film of length: scenes of 4 to 60 s that cost more or less than usual, as encoders at a constant quality under a cap
 * make them; a per-title ladder (steps of two, five rungs). Large rungs vary more than small ones, as in the real one.
 */
export function feature(seed, segments = 90) {
  const uniform = random(seed + 17);
  const top = between(uniform, [2.4e6, 5.6e6]);
  const averages = [16, 8, 4, 2, 1].map((part) => (top / part) * (part === 16 ? 1.1 : 1));
  const busy = [];
  while (busy.length < segments) {
    const length = Math.min(15, Math.max(1, Math.round(Math.exp(1.1 + 0.8 * normal(uniform)))));
    const scene = 0.45 * normal(uniform);
    for (let i = 0; i < length; i += 1) busy.push(scene + 0.12 * normal(uniform));
  }
  const sizes = averages.map((average, rung) => {
    const shape = busy.slice(0, segments).map((one) => Math.min(2.2, Math.exp((0.8 + 0.05 * rung) * one)));
    const mean = shape.reduce((sum, one) => sum + one, 0) / segments;
    return shape.map((one) => Math.round(((average * 4) / 8) * (one / mean)));
  });
  const levels = averages.map((average, rung) => {
    const peak = (Math.max(...sizes[rung]) * 8) / 4;
    return { average, peak, height: [234, 360, 540, 720, 1080][rung] };
  });
  return film("feature", 4, levels, sizes);
}
