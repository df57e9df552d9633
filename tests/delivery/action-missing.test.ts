import { expect, test } from 'vitest';

import { checkDestinations } from '../../delivery/index.js';
import { RATES, requestsPerSecond } from '../../delivery/destinations/rates.js';
import { destination } from './support.js';

// tests/actions have the package; here it is not.
test.skipIf(process.env['ROLLCALL_ACTIONS'] !== undefined)('an action whose package is not installed', () => {
  const [problem] = checkDestinations([destination('action:braze', { options: { api_key: 'k' } })]);
  expect(problem).toMatchObject({
    code: 'destination-settings',
    message: 'destination "crm": the package @segment/action-destinations is not installed',
    hint: 'docs/destinations.md says how to install it',
  });
});

test('an action that nobody looked at', () => {
  const [problem] = checkDestinations([destination('action:noop', {})]);
  expect(problem?.message).toBe('destination "crm" has the unknown type "action:noop"');
});

test('rates: of requests, or of objects however many a request has', () => {
  expect(requestsPerSecond('braze', 75)).toBe(100);
  expect(requestsPerSecond('hubspot', 100)).toBe(0.05);
  expect(requestsPerSecond('klaviyo', 1)).toBeUndefined();
  const told = Object.entries(RATES).map(([slug, { perSecond }]) => `${slug} ${perSecond}`);
  expect(told).toContain('zendesk 50');
});
