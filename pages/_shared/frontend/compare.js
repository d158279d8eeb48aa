// Two pictures under a draggable divider (img-comparison-slider does the work).

export default function (component) {
  const { parentElement, data } = component;
  const wrap = parentElement.querySelector(".wrap");
  let slider = wrap.querySelector("img-comparison-slider");
  if (!slider) {
    slider = document.createElement("img-comparison-slider");
    slider.className = "compare";
    slider.tabIndex = 0;
    for (const slot of ["first", "second"]) {
      const picture = document.createElement("img");
      picture.slot = slot;
      const label = document.createElement("span");
      label.className = `label ${slot}`;
      slider.append(picture);
      wrap.append(label);
    }
    wrap.prepend(slider);
  }
  slider.setAttribute("aria-label", data.label);
  const [first, second] = slider.querySelectorAll("img");
  first.src = data.before;
  second.src = data.after;
  first.alt = data.before_text;
  second.alt = data.after_text;
  wrap.querySelector(".label.first").textContent = data.before_text;
  wrap.querySelector(".label.second").textContent = data.after_text;
}
