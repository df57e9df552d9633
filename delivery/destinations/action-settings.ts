/** Settings of `action:<slug>`: read, and checked by the destination's own schemas. */
import { orList, didYouMean } from '../../compiler/diagnostics/suggest.js';
import type { SettingsProblem } from '../destination.js';
import { objectIn, type Json } from '../json.js';
import { redactor } from '../redact.js';
import { textsSetting } from '../settings.js';
import { loadKit, KitMissing, type Tokens } from './action-kit.js';
import { planOf, UnknownAction, UnknownField, type Subscription } from './action-plan.js';

/** What the destination itself asks for. */
export const optionsOf = (settings: Json): Json => ({ ...objectIn(settings, 'options') });

/** Undefined: its presets. The shape was checked when the file was loaded. */
export const subscriptionsOf = (settings: Json): readonly Subscription[] | undefined =>
  settings['subscriptions'] as readonly Subscription[] | undefined;

export function tokensOf(settings: Json): Tokens {
  const oauth = textsSetting(settings, 'oauth');
  return {
    ...(oauth['access_token'] && { accessToken: oauth['access_token'] }),
    ...(oauth['refresh_token'] && { refreshToken: oauth['refresh_token'] }),
    ...(oauth['client_id'] && { clientId: oauth['client_id'] }),
    ...(oauth['client_secret'] && { clientSecret: oauth['client_secret'] }),
  };
}

/** Every text of what may hold secrets; short ones are words such as a region. */
export const secretsIn = (settings: Json): readonly string[] =>
  [...textsIn(settings['options']), ...textsIn(settings['oauth'])].filter((secret) => secret.length > 7);

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** What is wrong with settings. */
export function checkAction(slug: string, settings: Json): readonly SettingsProblem[] {
  const clean = redactor(secretsIn(settings));
  try {
    const kit = loadKit(slug);
    kit.make().validateSettings(optionsOf(settings));
    const plan = planOf(kit, subscriptionsOf(settings));
    if (plan.length > 0) return [];
    return [
      {
        message: `action:${slug} has no presets: settings.subscriptions must say which actions`,
        hint: `its actions are ${orList(Object.keys(kit.definition.actions))}`,
        setting: 'subscriptions',
      },
    ];
  } catch (error) {
    const message = clean(error instanceof Error ? error.message : String(error));
    if (error instanceof KitMissing)
      return [{ message, hint: 'docs/destinations.md says how to install it' }];
    if (error instanceof UnknownAction || error instanceof UnknownField) {
      const name = error instanceof UnknownAction ? error.action : error.field;
      const hint = didYouMean(name, error.known) ?? `there are ${orList(error.known)}`;
      return [{ message, hint, setting: 'subscriptions' }];
    }
    return [{ message: `settings.options: ${message}`, setting: 'options' }];
  }
}
