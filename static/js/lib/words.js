// The words on the screen in the viewer's language. English is in the code; another language's words are a module of
// their own, made from its catalogue at set-up (`words/<language>.js`), which a page loads before every other script.
//
//   gettext("Play")
//   interpolate(gettext("Resuming from %(time)s"), { time: "24:10" })
//   interpolate(ngettext("%(count)s episode", "%(count)s episodes", count), { count: number(count) })
//
// The arguments must be literal strings: `manage.py makemessages -d djangojs` reads them out of the code.

// Between a context and its message, as gettext itself writes them.
const BETWEEN = "\u0004";

const english = { language: "en", words: {}, form: (count) => (count === 1 ? 0 : 1) };
let current = english;

/**
 * Take a language's words. `words`: by English text, a translation, or a list of them where there is a plural;
 * `form`: which of the list stands for a count.
 */
export function learn(language, words, form = english.form) {
  current = { language, words, form };
}

/** Back to English; tests end with it. */
export function forget() {
  current = english;
}

/** The language that the words are in, as BCP 47 has it: "en", "ar". */
export function language() {
  return current.language;
}

/** The translation of an English text, or the English where there is none. */
export function gettext(text) {
  const found = current.words[text];
  return (Array.isArray(found) ? found[0] : found) || text;
}

/** The same for a text that means different things in different places; `context` says where it stands. */
export function pgettext(context, text) {
  const found = current.words[context + BETWEEN + text];
  return (Array.isArray(found) ? found[0] : found) || text;
}

/** The form that `count` needs: some languages have one, Arabic has six. */
export function ngettext(one, many, count) {
  const found = current.words[one];
  if (Array.isArray(found)) return found[Number(current.form(count))] || found.at(-1) || many;
  return english.form(count) === 0 ? one : many;
}

/** Put `values` where the text has `%(name)s`. A name without a value stays as it is, so that it is seen. */
export function interpolate(text, values = {}) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * The locale for `Intl`: the page's language as the browser's own country has it (a clock of 24 hours in en-GB), with
 * the digits 0 to 9 in all of them, as the pages that the server writes have them.
 */
export function locale() {
  const wanted = globalThis.navigator?.languages ?? [];
  const near = wanted.find((tag) => tag.split("-")[0] === current.language) ?? current.language;
  return `${near.split("-u-")[0]}-u-nu-latn`;
}

// Making one takes milliseconds on a telephone, and a menu has a dozen numbers.
const formats = new Map();

/** A number as the language writes it: 1,234.5 or 1.234,5. `options`: Intl.NumberFormat's. */
export function number(value, options = {}) {
  const key = locale() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale(), options));
  return formats.get(key).format(value);
}
