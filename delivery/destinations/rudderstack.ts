/** RudderStack, by the same tracking API as Segment's, on a data plane of one's own. */
import type { DestinationType } from '../destination.js';
import { required, textSetting } from '../settings.js';
import { checkUrl } from './address.js';
import { HttpClient } from './http.js';
import { batchAddress, Tracking, type TrackingApi } from './tracking.js';

const RUDDERSTACK: TrackingApi = {
  type: 'rudderstack',
  address: (settings) => batchAddress(textSetting(settings, 'url') ?? ''),
  inherits: false,
};

export const rudderstack: DestinationType = {
  type: 'rudderstack',
  check: (settings) => {
    const missing = [
      ...required(settings, 'write_key', 'the write key of an HTTP source: "${env:RUDDERSTACK_WRITE_KEY}"'),
      ...required(settings, 'url', 'the address of your data plane'),
    ];
    return missing.length > 0 ? missing : checkUrl(settings);
  },
  open: async (context) => new Tracking(context, await HttpClient.open(), RUDDERSTACK),
};
