/** Keeps secrets out of what people and tables get to see. */

/** What an error may quote of an answer. */
const QUOTED = 300;

/** Shorter values are no secrets, and hiding them would maim the text. */
const SHORTEST = 4;

/** An address without credentials, query and fragment: `https://example.com/hook`. */
export function publicAddress(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}

/** Makes a function that hides these values wherever they stand in a text, and cuts it to one short line. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = secrets.flatMap((s) => [s, encodeURIComponent(s), JSON.stringify(s).slice(1, -1)]);
  const hidden = [...new Set(forms)].filter((s) => s.length >= SHORTEST).sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of hidden) clean = clean.replaceAll(secret, '***');
    // An answer must not drive the terminal.
    clean = clean.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
    return clean.length > QUOTED ? `${clean.slice(0, QUOTED)}…` : clean;
  };
}

/** Everything in an address and its headers that may be a secret. */
export function secretsOf(url: URL, headers: Readonly<Record<string, string>>): readonly string[] {
  const values = Object.values(headers).flatMap((value) => [value, ...value.split(/\s+/)]);
  const credentials = [url.username, url.password].map(decoded);
  return [...credentials, url.search.slice(1), ...url.searchParams.values(), ...values];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
