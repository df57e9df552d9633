/** Accounts and who belongs to them (SEMANTICS §5, the paragraph on accounts). */
import { compareMessages, type KnownMessage } from './messages.js';
import { profileName } from './model.js';
import type { Profile } from './profiles.js';
import { compareTexts } from './values.js';

export interface Account extends Profile {
  users: Profile[];
}

/**
 * Every account, by name: there is one for each group id of a group call. Its users are the profiles that called,
 * its events are theirs, its traits are those of the calls.
 *
 * @param profiles the universe
 * @param messages those that count, first to last
 */
export function accountsOf(profiles: readonly Profile[], messages: readonly KnownMessage[]): Account[] {
  const calls = messages.filter((message) => message.type === 'group' && message.groupId !== undefined);
  const ids = [...new Set(calls.flatMap((call) => call.groupId ?? []))];
  const accounts = ids.map((id): Account => {
    const ref = { kind: 'account', id } as const;
    const mentions = calls.filter((call) => call.groupId === id);
    const users = profiles.filter((profile) =>
      profile.messages.some((message) => mentions.includes(message)),
    );
    return {
      ref,
      name: profileName(ref),
      known: true,
      messages: users.flatMap((user) => user.messages).sort(compareMessages),
      mentions,
      users,
    };
  });
  return accounts.sort((a, b) => compareTexts(a.name, b.name));
}
