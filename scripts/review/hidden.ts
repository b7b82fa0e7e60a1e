/** Keeps secrets out of what is shown: a plan has whatever users wrote into their settings. Pure. */

const hidden = '(hidden)';
const secretName = /pass(?:word|wd|phrase)|secret|token|credential|(?:api|access|private|encryption)_?key/i;
/** `name = value` and `name: value`, the value quoted as in postgresql.conf, JSON or a shell, or one word. */
const assignment = new RegExp(
  `([\\w.-]*(?:${secretName.source})[\\w.-]*["']?\\s*[=:]\\s*)("(?:[^"\\\\]|\\\\.)*"|'(?:[^']|'')*'|[^\\s'"]+)`,
  'gi',
);
/** `scheme://user:password@`. */
const credentials = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s/@]+(?=@)/gi;

/** The value of a setting as it may be shown. */
export function shownValue(name: string, value: string): string {
  return secretName.test(name) ? hidden : withoutCredentials(value);
}

/** `text`, such as a plan, without what looks like a credential. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(credentials, `$1${hidden}`).replaceAll(assignment, `$1${hidden}`);
}

/** `text` without any of `secrets`, wherever they come from. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, hidden), text);
}
