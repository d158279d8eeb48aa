// A text with a button that puts it on the clipboard.

export default function (component) {
  const { parentElement, data } = component;
  const field = parentElement.querySelector("input");
  const button = parentElement.querySelector("button");
  field.value = data.text;
  field.setAttribute("aria-label", data.label);
  field.onfocus = () => field.select();
  button.textContent = data.copy;

  const copy = async () => {
    // Browsers keep the clipboard from pages without TLS; the old command still works there.
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(data.text);
    field.focus();
    field.select();
    if (!document.execCommand("copy")) throw new Error("refused");
  };
  button.onclick = () => copy().then(
    () => {
      button.textContent = data.copied;
      setTimeout(() => { button.textContent = data.copy; }, 2500);
    },
    () => field.select(),
  );
}
