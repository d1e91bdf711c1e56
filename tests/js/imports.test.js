import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "../../static/js");

/** What a module names, as the site's storage of static files reads it: comments too. */
function named(file) {
  const text = readFileSync(file, "utf8");
  const found = text.matchAll(/(?:from\s*|import\s*\(?\s*)["'](\.[^"']+)["']/g);
  return [...found].map(([, path]) => resolve(dirname(file), path));
}

test("no module names itself by a circle: the site could not give its files names that change with their content", () => {
  const files = readdirSync(ROOT, { recursive: true }).filter((name) => name.endsWith(".js")).map((name) => join(ROOT, name));
  const done = new Set();
  const visit = (file, way) => {
    const at = way.indexOf(file);
    assert.equal(at, -1, [...way.slice(at), file].map((one) => relative(ROOT, one)).join(" → "));
    if (done.has(file) || !files.includes(file)) return;
    for (const next of named(file)) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});
