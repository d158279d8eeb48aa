// What a device shows first when files are chosen: a phone opens its photos, not its folders.
// It is no wall. Files of another kind can still be dropped, and the reader says in the person's
// language why it can't use them; the browser's own refusal would be English and gone in a moment.

const INPUTS = '[data-testid="stFileUploaderDropzone"] input[type="file"]';

export default function (component) {
  window.vovChoices = component.data.choices;
  if (window.vovChoosing) return;
  window.vovChoosing = true;
  // In the capturing phase: the page's own listener opens the browser's dialog.
  document.addEventListener("click", (event) => {
    const input = event.target.closest?.('[data-testid="stFileUploader"]')?.querySelector(INPUTS);
    if (!input) return;
    const place = input.closest('[class*="st-key-"]')?.className ?? "";
    const name = Object.keys(window.vovChoices).find((key) => place.includes(`st-key-${key}`));
    if (name) input.accept = window.vovChoices[name];
  }, true);
}
