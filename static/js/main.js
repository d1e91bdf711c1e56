// Registers the elements that every page may hold. The player comes with the watch page.
import "./elements/nl-copy.js";
import "./elements/nl-growing.js";
import "./elements/nl-list-button.js";
import "./elements/nl-menu.js";
import "./elements/nl-passkey.js";
import "./elements/nl-picture.js";
import "./elements/nl-pin.js";
import "./elements/nl-profile-form.js";
import "./elements/nl-row.js";
import "./elements/nl-saver.js";
import "./elements/nl-search.js";
import "./elements/nl-thumbs.js";
import "./elements/nl-tv.js";
import { walkWithArrows } from "./lib/arrows.js";
import { openCinema } from "./lib/cinema.js";
import { whenIdle } from "./lib/idle.js";
import { morphPictures } from "./lib/morph.js";
import { keep } from "./player/keeper.js";

morphPictures();
walkWithArrows();
keep();
openCinema();
whenIdle(async () => (await import("./lib/listening.js")).listen());
