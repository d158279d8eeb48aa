// Pictures of which one is chosen: a radio group (arrow keys move, like any radio group).

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const group = parentElement.querySelector(".pick");
  const active = parentElement.activeElement?.dataset?.id;
  group.className = `pick ${data.shape}`;
  group.setAttribute("aria-label", data.label);

  const pick = (id) => { if (id !== data.chosen) setTriggerValue("pick", id); };
  const move = (event, index) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (index + step + data.options.length) % data.options.length;
    group.children[next].focus();
    pick(data.options[next].id);
  };

  group.replaceChildren(...data.options.map((option, index) => {
    const chosen = option.id === data.chosen;
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.id = option.id;
    button.title = option.name;
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", String(chosen));
    button.tabIndex = chosen || (index === 0 && !data.options.some((o) => o.id === data.chosen)) ? 0 : -1;
    const picture = document.createElement("img");
    picture.src = option.picture;
    picture.alt = "";
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = option.name;
    button.append(picture, name);
    if (option.note) {
      const note = document.createElement("span");
      note.className = `note ${option.tone || ""}`;
      note.textContent = option.note;
      button.append(note);
    }
    button.onclick = () => pick(option.id);
    button.onkeydown = (event) => move(event, index);
    return button;
  }));
  if (active) group.querySelector(`[data-id="${CSS.escape(active)}"]`)?.focus({ preventScroll: true });
  const chosen = group.querySelector('[aria-checked="true"]');
  if (data.shape === "strip" && chosen) {
    group.scrollLeft = chosen.offsetLeft - group.clientWidth / 2 + chosen.clientWidth / 2;
  }
}
