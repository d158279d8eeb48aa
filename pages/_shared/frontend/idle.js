// Tells Python that nobody has touched the page for a while, after a last question.

const mounted = new WeakMap();
const SIGNS = ["pointerdown", "pointermove", "keydown", "touchstart", "wheel", "vov-active"];

class Idle {
  constructor(root) {
    this.panel = root.querySelector(".still-there");
    this.told = false;
    this.seen = () => { this.last = Date.now(); this.told = false; this.ask(false); };
    for (const sign of SIGNS) window.addEventListener(sign, this.seen, { passive: true });
    this.last = Date.now();
    this.clock = setInterval(() => this.look(), 500);
  }

  update(component) {
    this.send = component.setTriggerValue;
    this.data = component.data;
    this.panel.querySelector("b").textContent = this.data.title;
    this.panel.querySelector("button").textContent = this.data.stay;
    this.panel.querySelector("button").onclick = this.seen;
  }

  look() {
    const left = this.data.seconds - (Date.now() - this.last) / 1000;
    if (left <= 0 && !this.told) { this.told = true; this.ask(false); this.send("idle", Date.now()); }
    else if (left > 0) this.ask(left <= this.data.warn, Math.ceil(left));
  }

  ask(shown, left) {
    this.panel.hidden = !shown;
    if (shown) this.panel.querySelector("i").textContent = String(left);
  }

  leave() {
    clearInterval(this.clock);
    for (const sign of SIGNS) window.removeEventListener(sign, this.seen);
  }
}

export default function (component) {
  const root = component.parentElement;
  let idle = mounted.get(root);
  if (!idle) {
    idle = new Idle(root);
    mounted.set(root, idle);
  }
  idle.update(component);
  return () => setTimeout(() => { if (!root.isConnected) { idle.leave(); mounted.delete(root); } }, 60);
}
