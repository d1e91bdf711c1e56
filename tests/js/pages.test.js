// What the pages' own modules do where no browser is needed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { morphPictures } from "../../static/js/lib/morph.js";

test("a cross-fade that the browser gives up is no error of the page", async () => {
  const heard = new Map();
  globalThis.addEventListener = (type, handler) => heard.set(type, handler);
  globalThis.document = { querySelectorAll: () => [], querySelector: () => null };
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    morphPictures();
    for (const type of ["pageswap", "pagereveal"]) {
      const aborted = () => Promise.reject(new Error("Transition was aborted"));
      heard.get(type)({
        viewTransition: { ready: aborted(), finished: aborted(), updateCallbackDone: aborted() },
        activation: { entry: { url: "http://site.test/profiles/" } },
      });
      heard.get(type)({ viewTransition: null, activation: null });
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unhandled, []);
  } finally {
    process.off("unhandledRejection", note);
    delete globalThis.addEventListener;
    delete globalThis.document;
  }
});
