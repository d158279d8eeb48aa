// Tells the browser (and screen readers, translators, hyphenation) which language the page speaks.

export default function (component) {
  document.documentElement.lang = component.data.language;
}
