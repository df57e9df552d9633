/**
 * `action:<slug>`: Segment's own open-source destination actions. Around them stands what they leave to Segment: which
 * events go to which action, audiences made over there, one audience a batch, sizes, rates, and what counts as delivered.
 */
import { ACTION_SLUGS } from '../../models/schema/index.js';
import type {
  Attempt,
  Destination,
  DestinationType,
  Limits,
  OpenContext,
  Outcome,
  OutboxMessage,
} from '../destination.js';
import { objectIn, type Json } from '../json.js';
import { redactor } from '../redact.js';
import { textsSetting, timeoutOf } from '../settings.js';
import { loadKit, type Kit, type KitDestination, type Tokens } from './action-kit.js';
import { attemptOf, NOTHING_ASKED, outcomeOf } from './action-outcomes.js';
import { isAudience, planOf, type ActionEvent, type Planned } from './action-plan.js';
import { checkAction, optionsOf, secretsIn, subscriptionsOf, tokensOf } from './action-settings.js';
import { Deadline, isUnauthorized } from './http.js';
import { limitsOf } from './limits.js';
import { requestsPerSecond } from './rates.js';

const PREFIX = 'action:';

/** The type of one slug; undefined where we have not looked at what it sends. */
export function actionType(name: string): DestinationType | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const slug = ACTION_SLUGS.find((known) => known === name.slice(PREFIX.length));
  if (slug === undefined) return undefined;
  return {
    type: name,
    check: (settings) => checkAction(slug, settings),
    open: (context) => Promise.resolve(new ActionDestination(slug, loadKit(slug), context)),
  };
}

class ActionDestination implements Destination {
  readonly where: string;
  readonly limits: Limits;
  private readonly plan: readonly Planned[];
  private readonly options: Json;
  private readonly timeoutMs: number;
  /** What no error may show: of settings, and tokens as they are renewed. */
  private readonly secrets: string[];
  private clean: (text: string) => string;
  /** Each has the answers of its own attempt. */
  private readonly free: KitDestination[] = [];
  private readonly audiences = new Map<string, Promise<string>>();
  private tokens: Tokens;
  /** A renewal that is under way: those that find the token refused at the same time share it, as each would end the one before. */
  private renewal: Promise<boolean> | undefined;

  constructor(
    slug: string,
    private readonly kit: Kit,
    private readonly context: OpenContext,
  ) {
    const { settings, list } = context.definition;
    this.where = `${slug} (actions)`;
    this.plan = planOf(kit, subscriptionsOf(settings), Object.values(context.definition.events));
    this.options = optionsOf(settings);
    this.tokens = tokensOf(settings);
    this.secrets = [...secretsIn(settings)];
    this.clean = redactor(this.secrets);
    this.timeoutMs = timeoutOf(settings);
    const limits = limitsOf('action', context.definition);
    const batchSize = Math.min(limits.batchSize, ...this.plan.map((one) => one.batchSize));
    const rate = limits.requestsPerSecond ?? requestsPerSecond(slug, batchSize);
    this.limits = {
      ...limits,
      batchSize,
      ...(rate === undefined ? {} : { requestsPerSecond: rate }),
      // An action takes the first event's audience for that of all.
      groupBy: list ? ['definition', 'value'] : ['definition', 'type'],
    };
  }

  async send(batch: readonly OutboxMessage[], signal: AbortSignal): Promise<Attempt> {
    const deadline = new Deadline(this.timeoutMs, signal);
    const kit = this.free.pop() ?? this.kit.make();
    try {
      if (this.tokens.accessToken === undefined) await this.refresh(kit);
      return await this.attempt(kit, batch, deadline.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.passed) return { kind: 'retry', reason: `no answer within ${this.timeoutMs} ms` };
      const attempt = attemptOf(error, this.clean, this.context.now());
      if (attempt.kind !== 'stop' || attempt.httpStatus !== 401) return attempt;
      const renewed = await this.refresh(kit).catch(() => false);
      return renewed ? { kind: 'retry', reason: attempt.reason, httpStatus: 401 } : attempt;
    } finally {
      deadline.clear();
      kit.responses.length = 0;
      this.free.push(kit);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async attempt(
    kit: KitDestination,
    batch: readonly OutboxMessage[],
    signal: AbortSignal,
  ): Promise<Attempt> {
    const first = batch[0];
    if (first === undefined) return { kind: 'done', outcomes: [] };
    const audience = await this.audience(kit, first);
    const events = batch.map((message) => this.eventOf(message, audience));
    const outcomes = new Map<number, Outcome>();
    for (const { planned, indexes } of this.assigned(events)) {
      const some = await this.run(
        kit,
        planned,
        indexes.map((i) => events[i]),
        signal,
      );
      indexes.forEach((i, n) =>
        outcomes.set(i, worse(outcomes.get(i), some[n] ?? outcomeOf(undefined, this.clean))),
      );
    }
    const unasked: Outcome = { status: 'filtered', error: 'no action of the destination is for it' };
    return attemptOfAll(batch.map((_, i) => outcomes.get(i) ?? unasked));
  }

  /** Events by what is done with them: presets that do the same are one. */
  private assigned(
    events: readonly ActionEvent[],
  ): readonly { readonly planned: Planned; readonly indexes: readonly number[] }[] {
    const found = new Map<string, { planned: Planned; indexes: Set<number> }>();
    for (const planned of this.plan) {
      const key = JSON.stringify([planned.action, planned.mapping]);
      const group = found.get(key) ?? { planned, indexes: new Set<number>() };
      events.forEach((event, i) => {
        if (planned.matches(event)) group.indexes.add(i);
      });
      if (group.indexes.size > 0) found.set(key, group);
    }
    return [...found.values()].map(({ planned, indexes }) => ({
      planned,
      indexes: [...indexes].sort((a, b) => a - b),
    }));
  }

  private async run(
    kit: KitDestination,
    { action, mapping, batchSize }: Planned,
    events: readonly (ActionEvent | undefined)[],
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    const input = {
      mapping,
      settings: this.options,
      auth: this.tokens,
      features: {},
      statsContext: {},
      signal,
    };
    const outcomes: Outcome[] = [];
    kit.responses.length = 0;
    if (batchSize > 1) {
      const nodes = await kit.executeBatch(action, { ...input, events });
      outcomes.push(...events.map((_, i) => outcomeOf(nodes[i], this.clean)));
    } else {
      for (const event of events) {
        await kit.executeAction(action, { ...input, event });
        outcomes.push({ status: 'delivered' });
      }
    }
    if (kit.responses.length > 0) return outcomes;
    return outcomes.map((outcome) =>
      outcome.status === 'delivered' ? { status: 'rejected', error: NOTHING_ASKED } : outcome,
    );
  }

  /** A message with what only this destination knows of its audience. */
  private eventOf({ payload }: OutboxMessage, audience: string | undefined): ActionEvent {
    const event = JSON.parse(payload) as ActionEvent & { readonly timestamp?: string };
    const settings = objectIn(this.context.definition.settings, 'audience_settings');
    const personas = {
      ...event.context?.personas,
      ...(audience === undefined ? {} : { external_audience_id: audience }),
      ...(settings ? { audience_settings: settings } : {}),
    };
    return { receivedAt: event.timestamp, ...event, context: { ...event.context, personas } };
  }

  /** What an audience is called over there, where it makes audiences: as settings say, as it was made once, else made now. */
  private async audience(
    kit: KitDestination,
    { definition: key, payload }: OutboxMessage,
  ): Promise<string | undefined> {
    if (this.kit.definition.audienceConfig?.createAudience === undefined) return undefined;
    const event = JSON.parse(payload) as ActionEvent;
    if (!isAudience(event)) return undefined;
    const known = this.audiences.get(key);
    if (known) return known;
    const found = this.findAudience(kit, key, event);
    this.audiences.set(key, found);
    found.catch(() => this.audiences.delete(key));
    return found;
  }

  private async findAudience(kit: KitDestination, key: string, { context }: ActionEvent): Promise<string> {
    const { settings } = this.context.definition;
    const given =
      textsSetting(settings, 'audiences')[key] ?? (await this.context.memory?.recall(`audience ${key}`));
    if (given !== undefined) return given;
    const { externalId } = await kit.createAudience({
      settings: { ...this.options, oauth: this.oauth() },
      audienceSettings: objectIn(settings, 'audience_settings') ?? {},
      audienceName: key,
      personas: context?.personas ?? {},
    });
    await this.context.memory?.keep(`audience ${key}`, externalId);
    return externalId;
  }

  /** Tokens as audiences are made with. */
  private oauth(): Json {
    const { accessToken, refreshToken, ...client } = this.tokens;
    return { access_token: accessToken, refresh_token: refreshToken, ...client };
  }

  /** Asks for a new token where the destination knows how; false where it does not. */
  private refresh(kit: KitDestination): Promise<boolean> {
    this.renewal ??= this.renew(kit).finally(() => (this.renewal = undefined));
    return this.renewal;
  }

  private async renew(kit: KitDestination): Promise<boolean> {
    const { authentication } = this.kit.definition;
    if (authentication?.scheme !== 'oauth2' || authentication.refreshAccessToken === undefined) return false;
    const renewed = await kit.refreshAccessToken(this.options, this.tokens);
    if (renewed === undefined) return false;
    this.tokens = { ...this.tokens, ...renewed };
    this.secrets.push(...Object.values<unknown>(renewed).filter((token) => typeof token === 'string'));
    this.clean = redactor(this.secrets);
    return true;
  }
}

/** Of two outcomes of one message the one that counts. */
function worse(a: Outcome | undefined, b: Outcome): Outcome {
  return a === undefined || a.status === 'delivered' ? b : a;
}

/** Where nothing was taken and all of it may be later, or never will be with these settings, the attempt itself says so. */
function attemptOfAll(outcomes: readonly Outcome[]): Attempt {
  const [first] = outcomes;
  const all = (holds: (outcome: Outcome) => boolean) => outcomes.every(holds);
  const said = {
    reason: first?.error ?? '',
    ...(first?.httpStatus === undefined ? {} : { httpStatus: first.httpStatus }),
  };
  if (all((o) => o.status === 'failed')) return { kind: 'retry', ...said };
  if (all((o) => o.httpStatus !== undefined && isUnauthorized(o.httpStatus)))
    return { kind: 'stop', ...said };
  return { kind: 'done', outcomes };
}
