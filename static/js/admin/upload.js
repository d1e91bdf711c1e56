// An upload form that shows how much was sent, and what the server said, without leaving the page.

/** Send `form` in the background with a progress bar. */
export function enhance(form) {
  const part = (name) => form.querySelector(`[data-part="${name}"]`);
  form.addEventListener("submit", (event) => {
    const file = form.elements.source.files[0];
    if (!file) return;
    event.preventDefault();
    send(form, part, file);
  });
}

function send(form, part, file) {
  const request = new XMLHttpRequest();
  const began = performance.now();
  const leave = (event) => event.preventDefault();
  const done = (error) => {
    window.removeEventListener("beforeunload", leave);
    delete form.dataset.sending;
    part("sending").hidden = true;
    part("upload-error").hidden = !error;
    part("upload-error").textContent = error ?? "";
    for (const field of form.elements) field.disabled = false;
  };

  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    part("sent").value = (100 * event.loaded) / event.total;
    part("sent-text").textContent = sentText(event.loaded, event.total, performance.now() - began);
  });
  request.addEventListener("load", () => {
    const answer = request.response ?? {};
    done(answer.next ? null : (answer.error ?? form.dataset.failed ?? `The server answered ${request.status}.`));
    if (answer.next) location.assign(answer.next);
  });
  request.addEventListener("error", () => done("The connection broke. Nothing was kept: send the file again."));
  request.addEventListener("abort", () => done("Stopped. Nothing was kept."));
  part("stop").onclick = () => request.abort();

  request.open("POST", form.action);
  request.responseType = "json";
  request.setRequestHeader("Accept", "application/json");
  request.send(new FormData(form));

  window.addEventListener("beforeunload", leave);
  form.dataset.sending = "";
  part("upload-error").hidden = true;
  part("sending").hidden = false;
  part("sent").value = 0;
  part("sent-text").textContent = file.name;
  for (const field of form.elements) field.disabled = field !== part("stop");
}

function sentText(sent, total, milliseconds) {
  const percent = Math.floor((100 * sent) / total);
  const speed = sent / Math.max(1, milliseconds) / 1000;
  const left = (total - sent) / 1e6 / Math.max(speed, 0.001);
  const wait = left < 90 ? `${Math.max(1, Math.round(left))} s` : `${Math.round(left / 60)} min`;
  return `${percent} % · ${size(sent)} of ${size(total)} · ${speed.toFixed(1)} MB/s · ${wait} left`;
}

function size(bytes) {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
