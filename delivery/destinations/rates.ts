/** How much a second other sides take before they refuse, by the name of the action destination. Settings go before. */
export interface Rate {
  readonly perSecond: number;
  /** What is counted. */
  readonly of: 'requests' | 'objects';
}

const requests = (perSecond: number): Rate => ({ perSecond, of: 'requests' });

/** Segment's own table for Engage; the same product under several names has one rate. */
export const RATES: Readonly<Record<string, Rate>> = {
  braze: requests(100),
  hubspot: { perSecond: 5, of: 'objects' },
  intercom: requests(8),
  iterable: requests(500),
  'iterable-lists': requests(500),
  mailchimp: requests(10),
  marketo: requests(5),
  'marketo-static-lists': requests(5),
  'actions-pardot': requests(2),
  resci: requests(200),
  responsys: requests(3),
  sendgrid: requests(100),
  'sendgrid-audiences': requests(100),
  salesforce: requests(5),
  'salesforce-marketing-cloud': requests(20),
  zendesk: requests(50),
};

/** Requests a second for batches of so many objects; undefined: no limit is known. */
export function requestsPerSecond(slug: string, batchSize: number): number | undefined {
  const rate = RATES[slug];
  if (rate === undefined) return undefined;
  return rate.of === 'requests' ? rate.perSecond : rate.perSecond / batchSize;
}
