// The page that needs no site. The service worker gives it in place of any page that cannot be had.
//
// Who watched last on this device watches still: that must stand on the page before the player's modules are loaded, for
// they keep in whose name they report.

import { Cellar } from "./cellar.js";

async function begin() {
  const cellar = new Cellar();
  document.body.dataset.profile = (await cellar.note("profile")) ?? "";
  cellar.close();
  const { open } = await import("./stage.js");
  await open();
}

begin().catch((error) => {
  console.error("downloads:", error);
  document.getElementById("shell").hidden = false;
});
