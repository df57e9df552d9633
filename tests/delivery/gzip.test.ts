import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { begin, finish } from '../../delivery/destinations/gzip.js';

test('what was begun and what was put behind it unpack as one, however often the end is written', async () => {
  const bytes = fc.uint8Array({ maxLength: 5000 }).map((all) => Buffer.from(all));
  const repeated = fc.tuple(fc.string(), fc.nat(50_000)).map(([s, n]) => Buffer.from(s.repeat(n)));
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, repeated), bytes, fc.string(), async (start, end, other) => {
      const begun = await begin(start);
      for (const last of [end, Buffer.from(other)])
        expect(gunzipSync(finish(begun, last)).equals(Buffer.concat([start, last]))).toBe(true);
    }),
    { numRuns: 30 },
  );
});
