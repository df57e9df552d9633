import { randomUUID } from 'node:crypto';

import { NumberText } from '../models/json-text.js';

/** JSON of a document, in lines of its own where `pretty` says so; every `NumberText` in it with all of its digits. */
export function documentText(value: unknown, pretty: boolean): string {
  const mark = randomUUID();
  const json = JSON.stringify(
    value,
    function (this: Record<string, unknown>, key: string, plain: unknown): unknown {
      const own = this[key];
      return own instanceof NumberText ? `${mark}${own.text}` : plain;
    },
    pretty ? 2 : undefined,
  );
  return json.replaceAll(new RegExp(`"${mark}([^"]+)"`, 'g'), '$1');
}
