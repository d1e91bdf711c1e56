// The site's own page of downloads: the list, installing the app, and a look at how the licences stand, also when
// something of the household's was taken away or added on another device.

import "../elements/nl-downloads.js";
import "../elements/nl-install.js";
import { downloads } from "./downloads.js";
import { register } from "./start.js";

register();
const { profile } = document.body.dataset;
if (profile) await downloads().cellar.setNote("profile", profile).catch(() => {});
await downloads().sync({ force: true });
document.addEventListener("nl-news", ({ detail }) => {
  if (detail.topic === "downloads") downloads().sync({ force: true });
});
