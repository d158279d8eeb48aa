// A camera in the page: live picture, countdown, the photo at the highest resolution the camera gives.
// The bytes go to Python over the session's own connection, as a trigger: it is forgotten once delivered.
// No object URL and no storage of the browser is used, so nothing of a photo stays behind.

const mounted = new WeakMap();
const STILL_MS = 6000;
const QUALITY = 0.95;
const ICONS = {
  camera: "M4 8h3l1.6-2.4h6.8L17 8h3a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 20 20H4a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 4 8zM12 17.4a4 4 0 1 0 0-8 4 4 0 0 0 0 8z",
  turn: "M4.5 12a7.5 7.5 0 0 1 13-5.1M19.5 12a7.5 7.5 0 0 1-13 5.1M17.8 3v4.2h-4.2M6.2 21v-4.2h4.2",
  mirror: "M12 3v18M9 7.5 3.5 17H9zM15 7.5 20.5 17H15z",
  clock: "M12 21a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 9v4.2l2.6 1.8M9.5 2.5h5",
  warn: "M12 4 2.8 20h18.4zM12 10v4.6M12 17.2v.4",
};

function node(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.7", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" })) svg.setAttribute(key, value);
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

class Camera {
  constructor(root) {
    this.root = root;
    this.stream = null;
    this.trouble = "";
    this.busy = false;
    this.flip = false;
    this.sequence = false;
    this.sent = null;
    this.alive = true;
    this.find(".stage").addEventListener("animationend", () => this.find(".flash").classList.remove("now"));
  }

  find(selector) { return this.root.querySelector(selector); }

  update(component) {
    this.alive = true;
    this.send = component.setTriggerValue;
    const first = !this.data;
    this.data = component.data;
    if (first) { this.facing = this.data.facing; this.seconds = this.data.countdown; }
    this.find(".camera").style.setProperty("--aspect", this.data.aspect || "4 / 3");
    this.find(".stage").classList.toggle("cropped", Boolean(this.data.aspect));
    this.find(".camera").classList.toggle("big", Boolean(this.data.big));
    // Python answered: the photo arrived.
    const answered = this.sent && this.data.received === this.sent;
    if (answered) { this.sent = null; this.arrived(); }
    this.paint();
    if (first && this.data.auto) this.start();
  }

  // --- the camera ---------------------------------------------------------------------------------

  async start() {
    if (!window.isSecureContext) return this.fail("insecure");
    if (!navigator.mediaDevices?.getUserMedia) return this.fail("unsupported");
    this.stop();
    this.starting = true;
    this.trouble = "";
    this.paint();
    const video = { facingMode: { ideal: this.facing }, width: { ideal: 4096 }, height: { ideal: 3072 } };
    try {
      let stream;
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      } catch (error) {
        if (error.name !== "OverconstrainedError" && error.name !== "AbortError") throw error;
        stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: false });
      }
      this.starting = false;
      if (!this.alive) { for (const track of stream.getTracks()) track.stop(); return; }
      this.stream = stream;
      stream.getVideoTracks()[0].addEventListener("ended", () => { if (this.stream === stream) { this.stop(); this.fail("lost"); } });
      const screen = this.find("video");
      screen.srcObject = stream;
      await screen.play().catch(() => {});
      const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
      this.several = cameras.length > 1;
      this.paint();
    } catch (error) {
      this.starting = false;
      this.fail({ NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "none", NotReadableError: "taken" }[error.name] || "lost");
    }
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    const screen = this.find("video");
    if (screen) screen.srcObject = null;
  }

  fail(why) { this.stop(); this.starting = false; this.sequence = false; this.trouble = why; this.paint(); }

  leave() {
    this.alive = false;
    this.sequence = false;
    this.stop();
  }

  get mirrored() {
    // A camera that does not say where it looks is a laptop's or a booth's: it looks at the person.
    return this.stream?.getVideoTracks()[0]?.getSettings().facingMode !== "environment";
  }

  // --- a photo ------------------------------------------------------------------------------------

  async shoot() {
    if (this.busy || this.sent || !this.stream) return;
    this.busy = true;
    this.find(".reveal").hidden = true;
    this.paint();
    for (let left = this.seconds; left > 0; left -= 1) {
      this.find(".count").replaceChildren(node("b", {}, String(left)));
      await wait(1000);
      if (!this.stream) { this.busy = false; this.find(".count").replaceChildren(); return; }
    }
    this.find(".count").replaceChildren();
    this.find(".flash").classList.add("now");
    const blob = await this.photo();
    this.busy = false;
    if (!blob) return this.fail("lost");
    await this.deliver(blob);
  }

  async photo() {
    const track = this.stream.getVideoTracks()[0];
    return (this.data.still && !this.flip && await this.still(track)) || this.frame();
  }

  // The sensor's full resolution, where it is more than that of the moving picture.
  async still(track) {
    if (!("ImageCapture" in window)) return null;
    try {
      const capture = new ImageCapture(track);
      const can = await capture.getPhotoCapabilities();
      const [width, height] = [can.imageWidth?.max ?? 0, can.imageHeight?.max ?? 0];
      const screen = this.find("video");
      if (width * height <= screen.videoWidth * screen.videoHeight) return null;
      return await Promise.race([capture.takePhoto({ imageWidth: width, imageHeight: height }), wait(STILL_MS)]) ?? null;
    } catch { return null; }
  }

  frame() {
    const screen = this.find("video");
    if (!screen.videoWidth) return null;
    const canvas = node("canvas");
    canvas.width = screen.videoWidth;
    canvas.height = screen.videoHeight;
    const brush = canvas.getContext("2d");
    if (this.flip && this.mirrored) { brush.translate(canvas.width, 0); brush.scale(-1, 1); }
    brush.drawImage(screen, 0, 0);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  }

  async deliver(blob) {
    const text = await new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(String(reader.result).split(",", 2)[1] || "");
      reader.onerror = () => done("");
      reader.readAsDataURL(blob);
    });
    this.sent = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
    window.dispatchEvent(new Event("vov-active"));
    this.paint();
    this.send("shot", { id: this.sent, data: text });
  }

  async arrived() {
    window.dispatchEvent(new Event("vov-active"));
    const reveal = this.find(".reveal");
    if (this.data.reveal) {
      reveal.src = this.data.reveal;
      reveal.hidden = false;
      await wait(this.data.reveal_ms);
      reveal.hidden = true;
      reveal.removeAttribute("src");
    }
    if (this.alive && this.sequence && this.data.more) this.shoot();
    else { this.sequence = false; this.paint(); }
  }

  // --- what is shown ------------------------------------------------------------------------------

  paint() {
    const frame = this.find(".camera");
    frame.classList.toggle("on", Boolean(this.stream));
    frame.classList.toggle("off", !this.stream && !this.trouble);
    frame.classList.toggle("trouble", Boolean(this.trouble));
    this.find("video").classList.toggle("mirrored", this.mirrored);
    this.paintCover();
    this.paintBar();
    const badge = this.find(".badge");
    const words = this.sent ? this.data.texts.working : this.stream ? this.data.badge || "" : "";
    badge.hidden = !words;
    badge.textContent = words;
    if (words && !this.sent) badge.prepend(node("i"));
  }

  button(key, symbol, label, action, classes = "") {
    const made = node("button", { type: "button", "data-key": key, class: classes });
    made.append(icon(symbol), node("span", {}, label));
    made.onclick = action;
    return made;
  }

  file() {
    const label = node("label", { class: "file" });
    const input = node("input", { type: "file", accept: "image/*", capture: this.facing, "data-key": "file" });
    input.onchange = () => { if (input.files[0]) this.deliver(input.files[0]); input.value = ""; };
    label.append(input, node("span", {}, this.data.texts.device));
    return label;
  }

  paintCover() {
    const cover = this.find(".cover");
    const { texts } = this.data;
    const row = node("div", { class: "row" });
    if (this.sent && !this.stream) {
      cover.replaceChildren(icon("camera"), node("b", {}, texts.working));
    } else if (this.trouble) {
      if (this.trouble !== "insecure" && this.trouble !== "unsupported") row.append(this.button("again", "turn", texts.again, () => this.start(), "main"));
      row.append(this.file());
      cover.replaceChildren(icon("warn"), node("b", {}, texts[`${this.trouble}_title`]), node("p", {}, texts[`${this.trouble}_text`]), row);
    } else {
      const start = this.button("start", "camera", texts.start, () => this.start(), "main");
      start.disabled = Boolean(this.starting);
      row.append(start);
      if (matchMedia("(pointer: coarse)").matches) row.append(this.file());
      cover.replaceChildren(icon("camera"), node("b", {}, texts.off_title), node("p", {}, this.starting ? texts.asking : texts.off_text), row);
    }
  }

  paintBar() {
    const { texts } = this.data;
    const waiting = this.busy || Boolean(this.sent) || this.sequence;
    const shutter = this.button("shutter", "camera", texts.take, () => { this.sequence = Boolean(this.data.more); this.shoot(); }, "shutter");
    const mirror = this.button("mirror", "mirror", texts.mirror, () => { this.flip = !this.flip; this.paint(); });
    mirror.setAttribute("aria-pressed", String(this.flip));
    const timer = this.button("timer", "clock", this.seconds ? texts.timer.replace("#", this.seconds) : texts.timer_off, () => {
      const steps = [0, 3, 10];
      this.seconds = steps[(steps.indexOf(this.seconds) + 1) % steps.length];
      this.paint();
    });
    const turn = this.button("switch", "turn", texts.switch, () => { this.facing = this.facing === "user" ? "environment" : "user"; this.start(); });
    const parts = [turn, shutter, mirror, timer].filter((part) => (part !== turn || this.several) && (part !== mirror || this.mirrored) && (part !== timer || !this.data.fixed));
    for (const part of parts) part.disabled = waiting;
    const key = this.root.activeElement?.dataset?.key;
    this.find(".bar").replaceChildren(...parts);
    if (key) this.find(`.bar [data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  }
}

export default function (component) {
  const root = component.parentElement;
  let camera = mounted.get(root);
  if (!camera) {
    camera = new Camera(root);
    mounted.set(root, camera);
  }
  camera.update(component);
  // Streamlit cleans up before each update, too; only a part that is gone switches its camera off.
  return () => setTimeout(() => { if (!root.isConnected) camera.leave(); }, 60);
}
