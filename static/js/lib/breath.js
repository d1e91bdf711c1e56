/** Let the browser do what waits (keys, pictures, frames) before the next piece of work. */
export function breath() {
  if (globalThis.scheduler?.yield) return scheduler.yield();
  return new Promise((go) => setTimeout(go, 0));
}
