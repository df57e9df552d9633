/** Segment, by its HTTP tracking API. */
import type { DestinationType } from '../destination.js';
import { required, textSetting } from '../settings.js';
import { checkUrl } from './address.js';
import { HttpClient } from './http.js';
import { batchAddress, Tracking, type TrackingApi } from './tracking.js';

/** Workspaces live in one of these; a write key is of one alone. */
const HOSTS: Readonly<Record<string, string>> = {
  us: 'https://api.segment.io',
  eu: 'https://events.eu1.segmentapis.com',
};

const SEGMENT: TrackingApi = {
  type: 'segment',
  address: (settings) =>
    batchAddress(
      textSetting(settings, 'url') ?? HOSTS[textSetting(settings, 'region') ?? 'us'] ?? HOSTS['us'] ?? '',
    ),
  inherits: true,
};

export const segment: DestinationType = {
  type: 'segment',
  check: (settings) => [
    ...required(settings, 'write_key', 'the write key of an HTTP API source: "${env:SEGMENT_WRITE_KEY}"'),
    ...(settings['url'] === undefined ? [] : checkUrl(settings)),
  ],
  open: async (context) => new Tracking(context, await HttpClient.open(), SEGMENT),
};
