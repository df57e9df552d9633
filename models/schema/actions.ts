/**
 * Segment's destination actions that can be used: those whose request was looked at, as it arrives at a server. What they are called
 * is the folder of `@segment/action-destinations` that holds them.
 */
export const ACTION_SLUGS = [
  'braze',
  'customerio',
  'facebook-custom-audiences',
  'google-enhanced-conversions',
  'hubspot',
  'intercom',
  'iterable',
  'iterable-lists',
  'klaviyo',
  'marketo-static-lists',
  'salesforce',
  'sendgrid-audiences',
  'slack',
  'webhook',
  'webhook-audiences',
] as const;

export type ActionSlug = (typeof ACTION_SLUGS)[number];
