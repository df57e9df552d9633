/** Addresses and headers from settings: what they come to, and what is wrong with them. */
import type { SettingsProblem } from '../destination.js';
import { textSetting, textsSetting } from '../settings.js';

type Settings = Readonly<Record<string, unknown>>;

/** Headers by lower-case names, so that one of the settings takes the place of ours. */
export function lowerNames(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** The header that credentials in an address ask for. Throws where they are not percent-encoded. */
export function basicAuth(url: URL): Readonly<Record<string, string>> {
  if (url.username === '' && url.password === '') return {};
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** What is wrong with `settings.url`. */
export function checkUrl(settings: Settings): readonly SettingsProblem[] {
  const hint = 'give an http or https address: "https://example.com/hook"';
  // The value may hold a secret, so the message does not show it.
  const problem = (message: string) => [{ message, hint, setting: 'url' }];
  if (!URL.canParse(textSetting(settings, 'url') ?? '')) return problem('settings.url is not an address');
  const url = new URL(textSetting(settings, 'url') ?? '');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return problem(`settings.url has the scheme "${url.protocol}"`);
  }
  try {
    basicAuth(url);
    return [];
  } catch {
    return problem('settings.url has credentials that are not percent-encoded');
  }
}

/** What is wrong with `settings.headers`. */
export function checkHeaders(settings: Settings): readonly SettingsProblem[] {
  return Object.entries(textsSetting(settings, 'headers')).flatMap(([name, value]) => {
    const setting = 'headers';
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      return [{ message: `"${name}" is not a header name`, setting }];
    }
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      const message = `the header "${name}" holds characters that a header cannot`;
      return [{ message, hint: 'look for a line end in the variable it comes from', setting }];
    }
    return OURS.has(name.toLowerCase())
      ? [{ message: `the header "${name}" is set by the connection`, setting }]
      : [];
  });
}

const OURS = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'host',
  'keep-alive',
  'upgrade',
  'expect',
]);
