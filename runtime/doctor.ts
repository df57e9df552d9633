/**
 * `doctor`: whether a target can be worked in, asked in the order in which a run would find out. Nothing is left
 * behind: tables are made in a transaction that is rolled back, or dropped again.
 */
import { bindSource } from '../compiler/bind/index.js';
import { UserError, type Diagnostic, type ExitCode } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import type { Column } from '../compiler/ir/types.js';
import { LAYOUT_VERSION } from '../compiler/program/state.js';
import type { StepOp } from '../compiler/program/types.js';
import { LOCKS, tableLockHolder } from '../dialects/lock-table.js';
import { dialectFor } from '../dialects/registry.js';
import { StatementError } from '../dialects/warehouse.js';
import type { Check, DoctorOptions, DoctorResult } from './doctor-api.js';
import { describeSources } from './catalog.js';
import { readState } from './existing.js';
import { openSession, targetOf, withSession, type Session } from './session.js';

/** Seconds that clocks may differ by before a window of a minute is another one. */
const SKEW_WARNING = 5;
const SKEW_ERROR = 60;

/** What one check may take. Drivers try for about 15 seconds to reach a service that is not there. */
const LIMIT_MS = 30_000;
const CLOSING_MS = 5_000;

/** Checks a target (see `Doctor`). */
export async function doctor(options: DoctorOptions): Promise<DoctorResult> {
  return new Doctor(options).examine();
}

type Found = Omit<Check, 'name'>;

class Doctor {
  private readonly checks: Check[] = [];
  private exit: ExitCode = 0;
  /** Ends what a check asked for and got no answer to. */
  private readonly ended = new AbortController();
  private readonly options: DoctorOptions;

  constructor(options: DoctorOptions) {
    const { signal } = this.ended;
    this.options = {
      ...options,
      signal: options.signal ? AbortSignal.any([options.signal, signal]) : signal,
    };
  }

  async examine(): Promise<DoctorResult> {
    const session = await this.connect();
    if (session) {
      try {
        await this.ask('version', () => version(session));
        await this.ask('state', () => state(session));
        await this.ask('lock', () => lock(session));
        if (this.answers) await this.sources(session);
      } finally {
        await closed(session);
      }
      if (this.answers) await this.permissions();
    }
    return { checks: this.checks, exit: this.exit };
  }

  private get answers(): boolean {
    return !this.ended.signal.aborted;
  }

  /**
   * Some engines are asked nothing before the first statement, so only an answer to one shows that there is a
   * connection; without it nothing else is worth asking. The clock is that statement.
   */
  private async connect(): Promise<Session | undefined> {
    let session: Session | undefined;
    let clock: Found | undefined;
    const connected = await this.ask('connection', async () => {
      session = await openSession(this.options, { mode: 'read' });
      clock = await this.clock(session);
      return ok(`${session.target.type} answers`);
    });
    if (connected && clock) this.tell('clock', clock);
    else await closed(session);
    return connected ? session : undefined;
  }

  /** Runs a check; what it throws is what is wrong. Whether it went well. */
  private async ask(name: string, check: () => Promise<Found | undefined>): Promise<boolean> {
    if (!this.answers) return false;
    try {
      const found = await this.limited(check);
      if (found) this.tell(name, found);
      return found?.status !== 'error';
    } catch (error) {
      for (const one of problems(error)) this.tell(name, one.found, one.exit);
      return false;
    }
  }

  /** What takes too long is a problem of its own, and the last: whoever does not answer will not answer the next. */
  private async limited<T>(work: () => Promise<T>): Promise<T> {
    const { limitMs = LIMIT_MS } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = unanswered(limitMs);
        reject(error);
        this.ended.abort(error);
      }, limitMs);
    });
    try {
      return await Promise.race([work(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private tell(name: string, found: Found, exit: ExitCode = 4): void {
    const check = { name, ...found };
    this.checks.push(check);
    this.options.onCheck?.(check);
    if (found.status === 'error' && (this.exit === 0 || exit < this.exit)) this.exit = exit;
  }

  private async clock(session: Session): Promise<Found> {
    const { signal } = this.options;
    const before = Date.parse(this.options.now());
    const there = Date.parse(await session.warehouse.now(signal ? { signal } : {}));
    const after = Date.parse(this.options.now());
    // Anything while we waited is the same time.
    const apart = there < before ? there - before : there > after ? there - after : 0;
    const seconds = Math.round(apart / 100) / 10;
    if (Math.abs(seconds) < SKEW_WARNING) return ok('the warehouse and this machine agree on the time');
    const which = seconds > 0 ? 'ahead of' : 'behind';
    const message = `the warehouse's clock is ${Math.abs(seconds)} s ${which} this machine's`;
    const hint = 'set this machine by NTP: runs compute for its time unless told --as-of';
    return { status: Math.abs(seconds) < SKEW_ERROR ? 'warning' : 'error', message, hint };
  }

  private async sources(session: Session): Promise<void> {
    const { config } = session.project;
    const tables = await this.limited(() => describeSources(session)).catch((error: unknown) => {
      for (const one of problems(error)) this.tell('sources', one.found, one.exit);
      return undefined;
    });
    if (!tables) return;
    for (const source of config.sources) {
      await this.ask(`source ${source.name}`, async () => {
        const { bound, diagnostics } = bindSource(source, { tables, traitNames: new Map() });
        const errors = diagnostics.filter(({ severity }) => severity === 'error');
        if (!bound || errors.length > 0) throw new UserError(errors);
        const found = bound.tables([]);
        // A plan, or a dry run: an engine makes one only of what we may read.
        for (const { raw } of found) await session.warehouse.estimate(session.dialect.select(raw, {}));
        const [warning] = diagnostics;
        if (warning) return { status: 'warning', ...said(warning) };
        return ok(`${found.length} ${found.length === 1 ? 'table' : 'tables'} can be read`);
      });
    }
  }

  private async permissions(): Promise<void> {
    const { dialectFor: find = dialectFor } = this.options;
    await this.ask('permissions', async () => {
      const { capabilities } = await find(targetOf(this.options.project).type);
      // The lock of a table would leave the table behind.
      const owner = { runId: 'doctor', command: 'rollcall doctor' };
      const access = { mode: 'write', ...(capabilities.lock === 'own' && { owner }) } as const;
      return withSession(this.options, access, permissions);
    });
  }
}

/** Closes a session as far as it lets itself be closed: a lost one may not. */
async function closed(session: Session | undefined): Promise<void> {
  const soon = new Promise<void>((resolve) => setTimeout(resolve, CLOSING_MS).unref());
  await Promise.race([session?.close().catch(() => undefined), soon]);
}

const unanswered = (ms: number): UserError =>
  new UserError(
    {
      code: 'warehouse-unavailable',
      severity: 'error',
      message: `no answer within ${ms / 1000} s; what comes after was not checked`,
      hint: 'is it busy, starting, or behind a firewall? Try again, or ask it something by its own client from this machine',
    },
    4,
  );

const ok = (message: string): Found => ({ status: 'ok', message });

const said = ({ message, hint, code }: Diagnostic): Omit<Found, 'status'> => ({
  message,
  code,
  ...(hint !== undefined && { hint }),
});

/** What an error comes to; bugs of ours are thrown on. */
function problems(error: unknown): readonly { readonly found: Found; readonly exit: ExitCode }[] {
  if (error instanceof UserError) {
    return error.diagnostics.map((d) => ({ found: { status: 'error', ...said(d) }, exit: error.exit }));
  }
  if (error instanceof StatementError)
    return [{ found: { status: 'error', message: error.message }, exit: 4 }];
  throw error;
}

async function version({ warehouse }: Session): Promise<Found> {
  const { engine, driver } = await warehouse.version();
  return ok(`${engine}, through ${driver}`);
}

async function state(session: Session): Promise<Found> {
  const { schema } = session.state;
  const { existing, runs, definitions, meta } = await readState(session);
  if (existing.tables.size === 0) {
    return ok(`schema ${schema} is not there, or empty: the first run makes its tables`);
  }
  const layout = meta.get('layout_version') ?? String(LAYOUT_VERSION);
  const last = runs.last ? `last run ${runs.last.runId} ${runs.last.status}` : 'never run';
  const kept = `${definitions.size} ${definitions.size === 1 ? 'definition' : 'definitions'}`;
  return ok(`schema ${schema}, layout ${layout}: ${kept}, ${last}`);
}

/** An engine with a lock of its own has said by opening whether it is held. */
async function lock({ dialect, warehouse, state: schema }: Session): Promise<Found> {
  if (dialect.capabilities.lock === 'own') return ok('nobody holds it');
  const holder = await tableLockHolder({ warehouse, dialect, state: schema });
  if (!holder) return ok('nobody holds it');
  const { command, run_id, pid, host, since } = holder;
  throw new UserError(
    {
      code: 'locked',
      severity: 'error',
      message: `${command} (run ${run_id}, pid ${pid} on ${host}) holds it since ${since}`,
      hint: `wait for it to finish; its row in ${LOCKS} ends by itself`,
    },
    3,
  );
}

const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'int' },
  { name: 'value', type: 'text' },
];

/** What a run does, done to a table of our own. */
async function permissions(session: Session): Promise<Found> {
  const { warehouse, dialect, state: schema, target } = session;
  const { transactionalDdl } = dialect.capabilities;
  const there = (await warehouse.describeSchema(schema.schema)).length > 0;
  if (!there && !transactionalDdl) {
    return {
      status: 'warning',
      message: `whether schema ${schema.schema} may be created is known once a run creates it`,
      hint: 'create it, and grant what docs/engines.md lists',
    };
  }
  const name = `doctor_${session.now().replace(/\D/g, '')}`;
  const table = schema.ref(name);
  const view = schema.ref(`${name}_view`);
  const row = ir.values(COLUMNS, [[ir.int(1), ir.text('one')]]);
  const query = ir.scan(table, COLUMNS);
  const temporary = { table: { name: `rollcall_${name}` }, columns: COLUMNS, temporary: true };
  const made: readonly (readonly [string, StepOp])[] = [
    ...(there
      ? []
      : [[`create schema ${schema.schema}`, { op: 'ensure_schema', schema: schema.schema }] as const]),
    [`create tables in ${schema.schema}`, { op: 'ensure_table', spec: { table, columns: COLUMNS } }],
    [`create views in ${schema.schema}`, { op: 'views', views: [{ view, query }] }],
    ['create temporary tables', { op: 'replace', spec: temporary, query: row }],
  ];
  const written: readonly (readonly [string, StepOp])[] = [
    ['insert rows', { op: 'append', table, query: row }],
    ['merge rows', { op: 'merge', table, query: row, keys: ['id'], set: ['value'], insert: true }],
    ['delete rows', { op: 'delete', table, query: row, keys: ['id'] }],
  ];
  const dropped: readonly StepOp[] = [
    { op: 'drop', table: temporary.table, object: 'table' },
    { op: 'drop', table: view, object: 'view' },
    { op: 'drop', table, object: 'table' },
  ];
  const run = async (op: StepOp): Promise<void> => {
    const step = { ...op, id: 'doctor', title: 'checking permissions' };
    for (const { sql } of dialect.statements(step, {})) await warehouse.execute(sql);
  };
  const may = async (steps: readonly (readonly [string, StepOp])[]): Promise<Found | undefined> => {
    for (const [what, op] of steps) {
      const refused = await run(op).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refused === undefined) continue;
      const [problem] = problems(refused);
      const message = `may not ${what}: ${problem?.found.message ?? ''}`;
      return {
        status: 'error',
        message,
        hint: `grant it to the user of the target: docs/engines.md, ${target.type}`,
      };
    }
    return undefined;
  };

  if (transactionalDdl) {
    await warehouse.begin();
    try {
      return (await may([...made, ...written])) ?? ok(`may write in schema ${schema.schema}`);
    } finally {
      await warehouse.rollback();
    }
  }
  try {
    const refused = await may(made);
    if (refused) return refused;
    await warehouse.begin();
    const kept = await may(written).finally(() => warehouse.rollback());
    return kept ?? ok(`may write in schema ${schema.schema}`);
  } finally {
    for (const op of dropped) await run(op).catch(() => undefined);
  }
}
