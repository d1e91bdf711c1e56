// One page in Lighthouse at its mobile settings (a slow phone, slow 4G, both simulated), in a Chromium that is already
// running and signed in: node bench/_lighthouse.mjs URL PORT → one JSON line.

import lighthouse from "lighthouse";

const [url, port] = process.argv.slice(2);
const options = {
  port: Number(port),
  output: "json",
  logLevel: "error",
  disableStorageReset: true, // it stays signed in
  onlyCategories: ["performance", "accessibility", "best-practices"],
};
const { lhr } = await lighthouse(url, options);
const weigh = (keep) =>
  (lhr.audits["network-requests"]?.details?.items ?? [])
    .filter(keep)
    .reduce((sum, { transferSize = 0 }) => sum + transferSize, 0);
const figure = (id) => lhr.audits[id]?.numericValue ?? null;
const lost = Object.values(lhr.categories).flatMap(({ id, auditRefs }) =>
  auditRefs
    .filter(({ weight }) => weight > 0)
    .map((ref) => ({ id, audit: lhr.audits[ref.id] }))
    .filter(({ audit }) => audit.score !== null && audit.score < (id === "performance" ? 0.9 : 1))
    .map(({ id, audit }) => `${id}: ${audit.title} (${audit.displayValue ?? audit.score})`),
);
console.log(
  JSON.stringify({
    url: lhr.finalDisplayedUrl,
    scores: Object.fromEntries(Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(score * 100)])),
    benchmark: lhr.environment.benchmarkIndex,
    lcp_ms: figure("largest-contentful-paint"),
    fcp_ms: figure("first-contentful-paint"),
    tbt_ms: figure("total-blocking-time"),
    cls: figure("cumulative-layout-shift"),
    bytes: weigh(() => true),
    bytes_without_images: weigh(({ resourceType, mimeType = "" }) => resourceType !== "Image" && !/^(image|video|audio)\//.test(mimeType)),
    requests: (lhr.audits["network-requests"]?.details?.items ?? []).length,
    lost,
    error: lhr.runtimeError ? `${lhr.runtimeError.code}: ${lhr.runtimeError.message}` : "",
  }),
);
