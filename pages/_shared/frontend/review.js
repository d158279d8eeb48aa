// The review of one photo: original with outlines beside the result, or a draggable slider;
// a card per finger tip; areas drawn by hand. Draws what Python sends, tells Python what was clicked.

const SVG = "http://www.w3.org/2000/svg";
const mounted = new WeakMap();

function svg(name, attributes = {}) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function html(name, attributes = {}, text = "") {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

// The area that two boxes share.
function shared([a, b, c, d], [left, top, right, bottom]) {
  return Math.max(0, Math.min(c, right) - Math.max(a, left)) * Math.max(0, Math.min(d, bottom) - Math.max(b, top));
}

class Review {
  constructor(root) {
    this.root = root;
    this.view = "side";
    this.focus = null;
    this.drawing = false;
    this.heat = false;
    this.ghost = null;
    this.observer = new ResizeObserver(() => this.placeChips());
  }

  update(component) {
    this.send = component.setTriggerValue;
    const fresh = !this.data || this.data.photo !== component.data.photo;
    this.data = component.data;
    if (fresh) { this.focus = null; this.drawing = false; }
    if (this.focus && !this.tip(this.focus)) this.focus = null;
    this.paint();
  }

  tip(id) { return this.data.tips.find((tip) => tip.id === id); }
  find(selector) { return this.root.querySelector(selector); }

  paint() {
    // A repaint replaces the nodes, so the keyboard's place is found again by its key.
    const active = this.root.activeElement || this.root.ownerDocument.activeElement;
    const key = active && active.dataset ? active.dataset.key : null;
    this.paintBar();
    this.paintHint();
    this.paintStage();
    this.paintTips();
    if (key) {
      const again = this.root.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (again) again.focus({ preventScroll: true });
    }
  }

  button(key, label, pressed, action) {
    const node = html("button", { type: "button", "data-key": key }, label);
    if (pressed !== null) node.setAttribute("aria-pressed", String(pressed));
    node.onclick = action;
    return node;
  }

  paintBar() {
    const texts = this.data.texts;
    const look = (view) => () => { this.view = view; this.drawing = false; this.paint(); };
    const views = this.find(".views");
    views.setAttribute("aria-label", texts.view);
    views.replaceChildren(
      this.button("view-side", texts.side, this.view === "side", look("side")),
      this.button("view-slider", texts.slider, this.view === "slider", look("slider")),
    );
    const fit = this.button("fit", texts.fit, null, () => { this.focus = null; this.paint(); });
    fit.disabled = !this.focus;
    const draw = this.button("draw", texts.draw, this.drawing, () => {
      this.drawing = !this.drawing;
      this.view = "side";
      this.ghost = this.drawing ? this.centredGhost() : null;
      this.paint();
      if (this.drawing) this.find(".before svg").focus({ preventScroll: true });
    });
    const heat = this.button("heat", texts.exposure, this.heat, () => {
      this.heat = !this.heat;
      if (this.heat) this.view = "side";
      this.paint();
    });
    heat.disabled = !this.data.tips.some((tip) => tip.heat);
    this.find(".tools").replaceChildren(heat, draw, fit);
  }

  paintHint() {
    const hint = this.find(".hint");
    hint.hidden = !this.drawing;
    hint.textContent = this.drawing ? this.data.texts.draw_hint : "";
  }

  viewBox() {
    const { width, height } = this.data;
    if (!this.focus) return [0, 0, width, height];
    const [x0, y0, x1, y1] = this.tip(this.focus).crop;
    const w = Math.min(width, Math.max((x1 - x0) * 1.15, ((y1 - y0) * 1.15 * width) / height));
    const h = (w * height) / width;
    const clamp = (value, limit) => Math.min(Math.max(value, 0), Math.max(0, limit));
    return [clamp((x0 + x1 - w) / 2, width - w), clamp((y0 + y1 - h) / 2, height - h), w, h];
  }

  paintStage() {
    const stage = this.find(".stage");
    stage.className = `stage ${this.view}`;
    this.observer.disconnect();
    if (this.view === "slider") {
      this.paintSlider(stage);
      return;
    }
    const before = this.pane("before", this.data.texts.before, this.data.original, "before");
    const after = this.pane("after", this.data.texts.after, this.data.masked, "after");
    if (this.heat) this.paintHeat(before.firstChild);
    this.outline(before.firstChild);
    if (this.drawing) this.listen(before);
    stage.replaceChildren(before, after);
    this.observer.observe(before);
    this.placeChips();
  }

  paintSlider(stage) {
    const tip = this.focus ? this.tip(this.focus) : null;
    let slider = stage.querySelector("img-comparison-slider");
    if (!slider) {
      slider = html("img-comparison-slider", { class: "compare", "data-key": "slider", tabindex: "0" });
      slider.append(html("img", { slot: "first" }), html("img", { slot: "second" }));
      stage.replaceChildren(slider);
    }
    slider.setAttribute("aria-label", this.data.texts.slider_label);
    const [first, second] = slider.querySelectorAll("img");
    first.alt = this.data.texts.before;
    second.alt = this.data.texts.after;
    first.src = tip ? tip.before : this.data.original;
    second.src = tip ? tip.after : this.data.masked;
    first.className = second.className = tip ? "close" : "";
  }

  pane(kind, caption, picture, side) {
    const { width, height } = this.data;
    const pane = html("figure", { class: `pane ${kind}` });
    const view = svg("svg", {
      viewBox: this.viewBox().join(" "), role: "group", "aria-label": caption,
      preserveAspectRatio: "xMidYMid meet",
    });
    view.append(svg("image", { href: picture, width, height, preserveAspectRatio: "none" }));
    // Zoomed in, the preview is too coarse: the tip's own crop has the photo's full resolution.
    if (this.focus) {
      const tip = this.tip(this.focus);
      const [x0, y0, x1, y1] = tip.crop;
      view.append(svg("image", {
        href: tip[side], x: x0, y: y0, width: x1 - x0, height: y1 - y0, preserveAspectRatio: "none",
      }));
    }
    pane.append(view, html("figcaption", {}, caption));
    return pane;
  }

  paintHeat(view) {
    for (const { heat } of this.data.tips) {
      if (!heat) continue;
      const [x, y, right, bottom] = heat.box;
      view.append(svg("image", {
        class: "heat", href: heat.picture, x, y, width: right - x, height: bottom - y,
        preserveAspectRatio: "none",
      }));
    }
  }

  outline(view) {
    for (const tip of this.data.tips) {
      view.append(svg("polygon", { class: "halo", points: tip.points }));
      const shape = svg("polygon", {
        class: `shape ${tip.covered ? "covered" : "open"}`, points: tip.points, tabindex: "0",
        role: "switch", "aria-checked": String(tip.covered), "aria-label": tip.title,
        "data-key": `shape-${tip.id}`, "data-tip": tip.id,
      });
      shape.append(svg("title"));
      shape.firstChild.textContent = tip.title;
      shape.onclick = () => this.toggle(tip.id);
      shape.onkeydown = (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.toggle(tip.id); }
      };
      view.append(shape);
    }
    for (const tip of this.data.tips) {
      const chip = svg("g", { class: "chip", "data-chip": tip.id });
      chip.append(svg("rect"), svg("text"));
      chip.lastChild.textContent = tip.tag;
      view.append(chip);
    }
  }

  placeChips() {
    const view = this.find(".before svg");
    if (!view || !view.clientWidth) return;
    const [left, top, width, height] = this.viewBox();
    const scale = Math.max(width / view.clientWidth, height / view.clientHeight);
    // Numbers keep clear of each other and of the other tips, as far as there is room.
    const taken = this.data.tips.map((tip) => tip.box);
    for (const chip of view.querySelectorAll(".chip")) {
      const tip = this.tip(chip.dataset.chip);
      const [box, text] = chip.children;
      const [cx, cy] = [(tip.box[0] + tip.box[2]) / 2, (tip.box[1] + tip.box[3]) / 2];
      const seen = cx > left && cx < left + width && cy > top && cy < top + height;
      chip.style.display = seen ? "" : "none";
      const size = 12 * scale;
      const w = (tip.tag.length * 0.62 + 1) * size;
      const h = 1.55 * size;
      const gap = 3 * scale;
      const [x0, y0, x1, y1] = tip.box;
      const places = [
        [cx - w / 2, y0 - h - gap], [x1 + gap, cy - h / 2], [x0 - w - gap, cy - h / 2], [cx - w / 2, y1 + gap],
      ].map(([x, y]) => [
        Math.min(Math.max(x, left), left + width - w), Math.min(Math.max(y, top), top + height - h),
      ]);
      const hidden = ([x, y]) => taken.reduce((sum, other) => sum + shared([x, y, x + w, y + h], other), 0);
      const [x, y] = places.reduce((best, place) => (hidden(place) < hidden(best) ? place : best));
      if (seen) taken.push([x, y, x + w, y + h]);
      for (const [key, value] of Object.entries({ x, y, width: w, height: h, rx: h / 2 })) box.setAttribute(key, value);
      text.setAttribute("x", x + w / 2);
      text.setAttribute("y", y + h * 0.7);
      text.setAttribute("font-size", size);
      text.setAttribute("text-anchor", "middle");
    }
  }

  toggle(id) { if (!this.drawing) this.send("toggle", id); }

  centredGhost() {
    const [x, y, w, h] = this.viewBox();
    const r = Math.min(w, h) * 0.06;
    return { cx: x + w / 2, cy: y + h / 2, rx: r, ry: r };
  }

  listen(pane) {
    pane.classList.add("drawing");
    const view = pane.firstChild;
    view.setAttribute("tabindex", "0");
    view.setAttribute("data-key", "canvas");
    const ellipse = svg("ellipse", { class: "ghost" });
    view.append(ellipse);
    const show = () => {
      for (const [key, value] of Object.entries(this.ghost)) ellipse.setAttribute(key, value);
    };
    const at = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY);
      return point.matrixTransform(view.getScreenCTM().inverse());
    };
    let start = null;
    view.onpointerdown = (event) => {
      event.preventDefault();
      view.setPointerCapture(event.pointerId);
      start = at(event);
    };
    view.onpointermove = (event) => {
      if (!start) return;
      const end = at(event);
      this.ghost = {
        cx: (start.x + end.x) / 2, cy: (start.y + end.y) / 2,
        rx: Math.abs(end.x - start.x) / 2, ry: Math.abs(end.y - start.y) / 2,
      };
      show();
    };
    view.onpointerup = (event) => {
      if (!start) return;
      const tiny = this.viewBox()[2] * 0.008;
      const end = at(event);
      if (Math.abs(end.x - start.x) < tiny || Math.abs(end.y - start.y) < tiny) {
        this.ghost = { ...this.centredGhost(), cx: start.x, cy: start.y };
      }
      start = null;
      this.place();
    };
    view.onkeydown = (event) => this.steer(event, show);
    show();
  }

  steer(event, show) {
    const step = this.viewBox()[2] * (event.shiftKey ? 0.004 : 0.02);
    const moves = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
    };
    const ghost = this.ghost;
    if (moves[event.key]) {
      ghost.cx += moves[event.key][0];
      ghost.cy += moves[event.key][1];
    } else if (event.key === "+" || event.key === "=") {
      ghost.rx *= 1.15; ghost.ry *= 1.15;
    } else if (event.key === "-") {
      ghost.rx /= 1.15; ghost.ry /= 1.15;
    } else if (event.key === "Enter") {
      this.place();
    } else if (event.key === "Escape") {
      this.drawing = false;
      this.paint();
    } else {
      return;
    }
    event.preventDefault();
    if (this.drawing) show();
  }

  place() {
    this.drawing = false;
    this.send("draw", this.ghost);
    this.paint();
  }

  paintTips() {
    this.find(".tips").replaceChildren(...this.data.tips.map((tip) => this.card(tip)));
  }

  card(tip) {
    const texts = this.data.texts;
    const card = html("div", { class: `tip ${this.focus === tip.id ? "focus" : ""}`, role: "listitem" });
    const pair = html("button", {
      type: "button", class: "pair", "data-key": `zoom-${tip.id}`, "aria-label": `${texts.zoom}: ${tip.name}`, title: texts.zoom,
    });
    pair.append(html("img", { src: tip.before, alt: "" }), html("img", { src: tip.after, alt: "" }));
    pair.onclick = () => { this.focus = this.focus === tip.id ? null : tip.id; this.paint(); };
    const name = html("div", { class: "name" });
    name.append(html("span", {}, tip.name), html("span", { class: "score" }, tip.score));
    const state = this.button(`switch-${tip.id}`, tip.action, null, () => this.toggle(tip.id));
    state.className = `switch ${tip.covered ? "covered" : "open"}`;
    state.title = tip.title;
    card.append(pair, name, html("div", { class: "from" }, tip.from));
    if (tip.badge) {
      const badge = html("div", { class: `badge ${tip.badge.level}` });
      badge.append(html("b", {}, tip.badge.label), html("span", {}, tip.badge.reason));
      card.append(badge);
    }
    card.append(state);
    const shape = () => this.root.querySelector(`[data-tip="${CSS.escape(tip.id)}"]`);
    card.onpointerenter = () => shape()?.classList.add("hot");
    card.onpointerleave = () => shape()?.classList.remove("hot");
    return card;
  }
}

export default function (component) {
  const root = component.parentElement;
  let review = mounted.get(root);
  if (!review) {
    review = new Review(root);
    mounted.set(root, review);
  }
  review.update(component);
  return () => review.observer.disconnect();
}
