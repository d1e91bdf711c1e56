// The studio's pages: live progress and uploads with a progress bar. Both pages work without this file.

import { follow } from "./progress.js";
import { enhance } from "./upload.js";

for (const section of document.querySelectorAll("[data-studio-progress]")) follow(section);
for (const form of document.querySelectorAll("form[data-studio-upload]")) enhance(form);
