// A picture on its title's colour: CSS reads data-accent itself where it can; elsewhere this sets it. The picture
// fades in when it arrives late, and stays away when it does not arrive at all.

const CSS_READS_COLOURS = CSS.supports("color", "attr(data-accent type(<color>), red)");

class NlPicture extends HTMLElement {
  connectedCallback() {
    if (!CSS_READS_COLOURS && CSS.supports("color", this.dataset.accent ?? "")) {
      this.style.setProperty("--tint", this.dataset.accent);
    }
    const image = this.querySelector("img");
    if (!image || image.complete) return;
    image.classList.add("is-arriving");
    image.addEventListener("load", () => image.classList.remove("is-arriving"), { once: true });
  }
}

customElements.define("nl-picture", NlPicture);
