/** Settings of every destination that is allowed, and what a server of its kind would answer. */
import type { ActionSlug } from '../../models/schema/index.js';
import type { Answer, Asked } from './server.js';

export const CASES: Readonly<Record<ActionSlug, Record<string, unknown>>> = {
  braze: { options: { api_key: 'k', app_id: 'a', endpoint: 'https://rest.iad-01.braze.com' } },
  customerio: { options: { siteId: 's', apiKey: 'k' } },
  'facebook-custom-audiences': {
    options: { retlAdAccountId: '1' },
    oauth: { access_token: 't' },
    audience_settings: { engageAdAccountId: '1', audienceDescription: 'd' },
  },
  'google-enhanced-conversions': {
    options: { customerId: '1234567890' },
    oauth: { access_token: 't', refresh_token: 'r' },
    audience_settings: { external_id_type: 'CONTACT_INFO', supports_conversions: false },
    subscriptions: [
      {
        action: 'userList',
        mapping: { ad_user_data_consent_state: 'GRANTED', ad_personalization_consent_state: 'GRANTED' },
      },
    ],
  },
  hubspot: {
    options: { portalId: '1' },
    oauth: { access_token: 't' },
    subscriptions: [{ action: 'upsertContact' }],
  },
  intercom: {
    oauth: { access_token: 't' },
    subscriptions: [{ action: 'identifyContact', mapping: { role: 'user' } }, { action: 'trackEvent' }],
  },
  iterable: { options: { apiKey: 'k' } },
  'iterable-lists': { options: { apiKey: 'k' } },
  klaviyo: { options: { api_key: 'k' }, audience_settings: { listId: 'L1' } },
  'marketo-static-lists': {
    options: {
      client_id: 'c',
      client_secret: 's',
      api_endpoint: 'https://x.mktorest.com',
      folder_name: 'f',
    },
  },
  salesforce: {
    options: { instanceUrl: 'https://x.salesforce.com' },
    oauth: { access_token: 't' },
    subscriptions: [
      {
        action: 'contact',
        subscribe: 'type = "identify"',
        mapping: {
          operation: 'upsert',
          last_name: { '@path': '$.userId' },
          email: { '@path': '$.traits.email' },
          traits: { Email: { '@path': '$.traits.email' } },
        },
      },
    ],
  },
  'sendgrid-audiences': { options: { sendGridApiKey: 'k' } },
  slack: {
    subscriptions: [
      {
        action: 'postToChannel',
        subscribe: 'type = "track"',
        mapping: { url: 'https://hooks.slack.com/x', text: { '@template': '{{event}} {{userId}}' } },
      },
    ],
  },
  webhook: {
    options: { sharedSecret: 's' },
    subscriptions: [
      {
        action: 'send',
        subscribe: 'type = "identify"',
        mapping: { url: 'https://example.com/x', method: 'POST', data: { '@path': '$.traits' } },
      },
    ],
  },
  'webhook-audiences': {
    options: {
      sharedSecret: 's',
      createAudienceUrl: 'https://example.com/create',
      getAudienceUrl: 'https://example.com/get',
    },
    subscriptions: [
      {
        action: 'send',
        subscribe: 'type = "identify"',
        mapping: {
          url: 'https://example.com/members',
          method: 'POST',
          data: {
            list: { '@path': '$.context.personas.external_audience_id' },
            user: { '@path': '$.userId' },
            traits: { '@path': '$.traits' },
          },
        },
      },
    ],
  },
};

/** Enough of each service for its action to go on. */
export function answer({ host, path, method }: Asked): Answer | undefined {
  if (path.includes('oauth')) return { body: { access_token: 'tok' } };
  if (host.includes('facebook')) return { body: { id: 'fb1', audience_id: 'fb1', num_received: 2 } };
  if (host.includes('google')) {
    const made = { resourceName: 'customers/1/userLists/9' };
    return { body: { results: [made], resourceName: 'customers/1/offlineUserDataJobs/7' } };
  }
  if (host.includes('iterable') && path === '/api/lists')
    return { body: method === 'GET' ? { lists: [] } : { listId: 77 } };
  if (host.includes('klaviyo')) return { body: { data: [{ id: 'P5' }] } };
  if (host.includes('mktorest')) return { body: { success: true, result: [{ id: 5, batchId: 1 }] } };
  if (host.includes('salesforce')) return { body: { records: [{ Id: '003' }], totalSize: 1 } };
  if (host.includes('sendgrid')) {
    const isList = path.endsWith('/lists') && method === 'POST';
    return {
      body: isList ? { id: 'sg1' } : { result: path.endsWith('/search') ? [{ id: 'c3' }] : [], job_id: 'j' },
    };
  }
  return path === '/create' ? { body: { externalId: 'w1' } } : undefined;
}
