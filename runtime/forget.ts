/**
 * `forget`: people are erased from state, and tombstones keep raw rows from bringing them back. What an id is called by its
 * owner is never part of a statement, nor of what is recorded: people are looked for by the hashes of what they are called.
 */
import { misuse, UserError, type Diagnostic } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import type { Relation } from '../compiler/ir/types.js';
import { ensureSteps } from '../compiler/program/ensure.js';
import { ADDRESSES } from '../compiler/program/addresses.js';
import { forgetSteps, type FactsTable } from '../compiler/program/forget.js';
import {
  exitsDone,
  exitsOf,
  queuedByRun,
  strangersOf,
  sweepSteps,
} from '../compiler/program/forgotten-exits.js';
import { CUSTOM_TRAITS } from '../compiler/program/names.js';
import { hashedIdentifier, identifierHash, type Forgotten } from '../compiler/program/forgotten.js';
import { GROUP_ID } from '../compiler/program/accounts.js';
import { GROUP_COLUMN } from '../compiler/bind/types.js';
import { wayKey, type OutboxWay } from '../compiler/program/outbox-link.js';
import type { Step } from '../compiler/program/types.js';
import type { Params } from '../dialects/dialect.js';
import type { Definition } from '../models/definition.js';
import { byText } from '../models/order.js';
import { aside, wayTo, type Aside } from './aside.js';
import type { ForgetOptions, ForgetResult } from './forget-api.js';
import type { StoredState } from './existing.js';
import { linksTold, type LinksTold } from './links-told.js';
import { tryResolve } from './prepare.js';
import { refreshReadCopy } from './read-copy.js';
import type { RenderedStep } from './render.js';
import { commonParams } from './script.js';
import { nullableText, numberOf, textOf, withSession, type Session } from './session.js';
import { stub } from './stub.js';
import { planTransaction } from './transactional.js';

/** Erases people (see `Forget`). */
export async function forget(options: ForgetOptions): Promise<ForgetResult> {
  const profiles = [...new Set(options.profiles)];
  if (profiles.length === 0) throw misuse('say whom: --profile ID');
  if (profiles.includes('')) throw misuse('an empty id is nobody');
  const runId = options.newRunId();
  const owner = { runId, command: options.invocation };
  return withSession(options, { mode: 'write', owner, alone: true }, async (session) => {
    const { resolved, stored } = await tryResolve(session);
    const forgotten = stored.existing.forgotten ?? { salt: runId };
    const found = await lookUp(session, stored, forgotten, profiles);
    const definitions = resolved?.project.definitions ?? session.project.definitions;
    const result = await new Forgetting(options, session, stored, forgotten, definitions, runId).execute(
      found,
    );
    // They are still in the one there is.
    const problems = await refreshReadCopy(session);
    if (problems.length > 0) throw new UserError(problems, 1);
    return result;
  });
}

/** What there is of each id. */
interface Found {
  readonly profile: string;
  /** Numbers of the profiles that are called so: a user, an anonymous one, or both. None: they were forgotten before. */
  readonly heads: readonly number[];
}

const PEOPLE = ['user_id', 'anonymous_id'] as const;

/** Looks for what ids are called by; throws unless each is a profile, or was one. */
async function lookUp(
  session: Session,
  stored: StoredState,
  forgotten: Forgotten,
  profiles: readonly string[],
): Promise<readonly Found[]> {
  const subjects = stored.scan('subjects');
  const before = stored.scan('forgotten');
  const wanted = profiles.flatMap((profile) =>
    [...PEOPLE, GROUP_ID].map((type) => ({ profile, hash: identifierHash(forgotten, type, profile) })),
  );
  const hashes = ir.values(
    [{ name: 'identifier_hash', type: 'text' }],
    wanted.map(({ hash }) => [ir.text(hash)]),
  );
  const byHash = new Map(wanted.map(({ hash, profile }) => [hash, profile]));
  const ofProfile = (hash: string): string => byHash.get(hash) ?? '';
  const rows = subjects ? await session.rows(named(subjects, forgotten, hashes)) : [];
  const gone = before ? await session.rows(ir.semiJoin(before, hashes, ['identifier_hash'])) : [];
  const wasForgotten = new Set(gone.map((row) => ofProfile(textOf(row, 'identifier_hash'))));
  const problems: Diagnostic[] = [];
  const found = profiles.map((profile): Found => {
    const own = rows.filter((row) => ofProfile(textOf(row, 'identifier_hash')) === profile);
    const people = own.filter((row) => textOf(row, 'identifier_type') !== GROUP_ID);
    const heads = people
      .map((row) => [numberOf(row, 'subject_no'), numberOf(row, 'profile_no')] as const)
      .flatMap(([no, profileNo]) => (no === profileNo ? [no] : []));
    if (heads.length === 0 && !wasForgotten.has(profile)) {
      const owners = people.flatMap((row) => nullableText(row, 'head') ?? []);
      problems.push(unknown(profile, owners, own.length > 0));
    }
    return { profile, heads };
  });
  if (problems.length > 0) throw new UserError(problems);
  return found;
}

/** Subjects with these hashes, and what their profiles are called. */
function named(subjects: Relation, forgotten: Forgotten, hashes: Relation): Relation {
  const hash = hashedIdentifier(forgotten, ir.c(subjects, 'identifier_type'), ir.c(subjects, 'identifier'));
  const hashed = ir.extend(ir.pick(subjects, ['subject_no', 'profile_no', 'identifier_type', 'identifier']), [
    ir.as('identifier_hash', hash),
  ]);
  const own = ir.semiJoin(hashed, hashes, ['identifier_hash']);
  const heads = ir.pick(subjects, [
    ['subject_no', 'profile_no'],
    ['identifier', 'head'],
  ]);
  const columns = ['subject_no', 'profile_no', 'identifier_type', 'identifier_hash', 'head'];
  return ir.pick(ir.join('left', own, heads, ['profile_no']), columns);
}

function unknown(profile: string, owners: readonly string[], isAccount: boolean): Diagnostic {
  const said = JSON.stringify(profile);
  const [owner] = owners;
  const about =
    owner !== undefined
      ? {
          message: `${said} is no profile of its own: it belongs to ${JSON.stringify(owner)}`,
          hint: `forget that one: with it goes everything it is known by`,
        }
      : isAccount
        ? {
            message: `${said} is an account, and people are forgotten`,
            hint: 'forget its users: what is computed of the account follows with the next run',
          }
        : {
            message: `there is no profile ${said}`,
            hint: 'a profile is called by its profile_id, as in memberships; one that has not landed yet comes with the next run',
          };
  return { code: 'unknown-profile', severity: 'error', ...about };
}

class Forgetting {
  private readonly aside: Aside;

  constructor(
    private readonly options: ForgetOptions,
    private readonly session: Session,
    private readonly stored: StoredState,
    private readonly forgotten: Forgotten,
    private readonly definitions: readonly Definition[],
    private readonly runId: string,
  ) {
    this.aside = aside(session, stored, { ...options, runId });
  }

  async execute(found: readonly Found[]): Promise<ForgetResult> {
    const { session, stored, options } = this;
    const { executor, bindings, begin } = this.aside;
    const { capabilities } = session.dialect;
    const heads = found.flatMap((one) => one.heads);
    const before = found.filter((one) => one.heads.length === 0).map(({ profile }) => profile);
    const statuses = found.map(({ profile, heads: own }) => ({
      profile_id: profile,
      status: own.length > 0 ? ('forgotten' as const) : ('already_forgotten' as const),
    }));
    if (heads.length === 0) {
      await this.sweep(before);
      return { run_id: null, profiles: statuses, identifiers: 0, messages: [], untold: [] };
    }
    const gone = [...stored.definitions.keys()].filter(
      (key) => !this.definitions.some((one) => one.key === key),
    );
    const steps = this.steps(heads, await linksTold(session, stored, gone));
    const ensure = ensureSteps(session.state, [], stored.existing);
    const plan = planTransaction(steps, { capabilities, state: session.state, existing: stored.existing });
    const { destinations } = session.project;
    const told = options.exits ?? true;
    const reached = told ? destinations.map(({ key }) => key) : [];
    const render = (some: readonly Step[]): RenderedStep[] =>
      some.map((step) => executor.render(step, this.params));
    if (!capabilities.transactionalDdl) await executor.run(render(ensure));
    const around = { before: render(plan.before), after: render(plan.after) };
    const rendered = render([begin, ...steps.flatMap((step) => plan.within(step))]);
    const strangers = this.reading('strangers', strangersOf(session.state, heads, reached, this.addresses));
    const tombstones = session.state.scan('forgotten');
    const own = ir.filter(tombstones, ir.eq(ir.c(tombstones, 'run_no'), ir.int(bindings.runNo)));
    const identifiers = this.reading('count', ir.aggregate(own, [], [ir.as('n', ir.agg('count'))]));
    const queued = this.reading('queued', queuedByRun(session.state));
    const result = await executor.transaction(async (): Promise<ForgetResult> => {
      if (capabilities.transactionalDdl) await executor.run(render(ensure));
      const untold = (await executor.read(strangers)).map((row) => textOf(row, 'destination_key'));
      await executor.run(rendered);
      const [counted] = await executor.read(identifiers);
      const messages = (await executor.read(queued)).map((row) => {
        const destination = textOf(row, 'destination_key');
        const enabled = destinations.some(({ key, enabled: is }) => key === destination && is);
        return { destination, messages: numberOf(row, 'messages'), enabled };
      });
      return {
        run_id: this.runId,
        profiles: statuses,
        identifiers: counted ? numberOf(counted, 'n') : 0,
        messages: messages.sort(byText(({ destination }) => destination)),
        untold: untold.sort(),
      };
    }, around);
    await this.sweep(before);
    return result;
  }

  private get params(): Params {
    return commonParams(this.aside.bindings);
  }

  private reading(id: string, query: Relation): RenderedStep {
    return this.aside.executor.render(
      { op: 'read', query, id: `forget.${id}`, title: 'counting' },
      this.params,
    );
  }

  private steps(heads: readonly number[], links: LinksTold): readonly Step[] {
    const { session, stored, forgotten, options } = this;
    const facts = [...stored.existing.tables].flatMap(([name, columns]): readonly FactsTable[] =>
      name.startsWith('facts_') && columns.includes('subject_no')
        ? [{ table: session.state.ref(name), ofGroups: columns.includes(GROUP_COLUMN.name) }]
        : [],
    );
    const ways = (options.exits ?? true) ? this.ways(links) : [];
    const traits = stored.existing.tables.has(CUSTOM_TRAITS);
    const { addresses } = this;
    return forgetSteps({ schema: session.state, forgotten, heads, facts, traits, addresses, ways });
  }

  /** Whether addresses are kept. */
  private get addresses(): boolean {
    return this.stored.existing.tables.has(ADDRESSES);
  }

  /** Every way that anything went, disabled destinations too: their messages wait. */
  private ways(links: LinksTold): readonly OutboxWay[] {
    const { session, stored } = this;
    return [...stored.definitions.values()].flatMap((row) => {
      const definition = this.definitions.find(({ key }) => key === row.key) ?? stub(row);
      return session.project.destinations.flatMap((destination) => {
        const way = wayKey(destination.key, definition.key);
        if (!stored.existing.connections.has(way)) return [];
        const link = definition.destinations.find(({ to }) => to === destination.key) ?? links.get(way) ?? {};
        const from = { definition, definitionNo: row.definitionNo, link };
        return wayTo(session, stored.existing, destination, from);
      });
    });
  }

  /** Erases messages of those forgotten before that are done with; with `--no-exits` those of the profiles named, too. */
  private async sweep(profiles: readonly string[]): Promise<void> {
    const { session, forgotten, options } = this;
    const { executor } = this.aside;
    if (!this.stored.existing.forgotten) return;
    const hashes = profiles.flatMap((id) => PEOPLE.map((type) => identifierHash(forgotten, type, id)));
    const withdrawn = options.exits === false && hashes.length > 0;
    const which = withdrawn ? exitsOf(session.state, forgotten, hashes) : exitsDone(session.state);
    const { first, then, last } = sweepSteps(session.state, which);
    const render = (step: Step): RenderedStep => executor.render(step, this.params);
    await executor.run([render(first)]);
    await executor.transaction(() => executor.run(then.map(render)));
    await executor.run([render(last)]);
  }
}
