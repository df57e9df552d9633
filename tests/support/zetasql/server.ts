/**
 * GoogleSQL itself: the analyser and the evaluator that BigQuery is built on, as a process beside the tests. It is given a
 * catalog with every question, so it holds no state.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { credentials, loadPackageDefinition, type Client, type GrpcObject } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

import type { Row } from '../../../dialects/warehouse.js';
import { whyNoGoogleSql, zetasqlBinary, zetasqlFolder } from './binary.js';
import { BIGQUERY_FEATURES, STATEMENT_KINDS } from './language.js';
import { TYPE_KINDS, valueOf, type Cell, type SqlType } from './values.js';

/** A table of the catalog; with rows it can be read by a query that is evaluated. */
export interface CatalogTable {
  /** Dataset and table, or a table alone. */
  readonly path: readonly string[];
  readonly columns: readonly CatalogColumn[];
  readonly rows?: readonly (readonly Cell[])[];
}

export interface CatalogColumn {
  readonly name: string;
  readonly type: SqlType;
}

export interface ResultTable {
  readonly columns: readonly CatalogColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

const OPTIONS = {
  languageOptions: {
    productMode: 'PRODUCT_EXTERNAL',
    nameResolutionMode: 'NAME_RESOLUTION_DEFAULT',
    enabledLanguageFeatures: BIGQUERY_FEATURES,
    supportedStatementKinds: STATEMENT_KINDS,
  },
  defaultTimezone: 'UTC',
} as const;

interface NamedType {
  readonly name?: string;
  readonly type?: { readonly typeKind?: string };
}

/** What the server answers; only what is looked at. */
interface Evaluated {
  readonly content?: {
    readonly tableData?: { readonly row?: readonly { readonly cell?: readonly Cell[] }[] };
  };
  readonly prepared?: { readonly columns?: readonly NamedType[] };
}

interface Analysed {
  readonly resolvedStatement?: {
    readonly resolvedQueryStmtNode?: {
      readonly outputColumnList?: readonly { readonly name?: string; readonly column?: NamedType }[];
    };
  };
}

type Answer = (error: (Error & { details?: string }) | null, value: unknown) => void;

export class ZetaSql implements AsyncDisposable {
  private constructor(
    private readonly child: ChildProcess,
    private readonly client: Client,
  ) {}

  /** Starts it; where its binary cannot run, the reason. */
  static async start(): Promise<ZetaSql | string> {
    const absent = whyNoGoogleSql();
    if (absent !== undefined) return absent;
    const [folder, binary] = [zetasqlFolder(), zetasqlBinary()];
    const port = await freePort();
    const child = spawn(binary, ['localhost', String(port)], { stdio: 'ignore' });
    const failed = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`GoogleSQL's binary does not start: ${error.message}`));
      child.once('exit', (code) => resolve(`GoogleSQL's binary ended with ${String(code)}`));
    });
    const definition = loadSync('local_service.proto', {
      longs: String,
      enums: String,
      oneofs: true,
      includeDirs: [join(folder, 'protos')],
    });
    const services = loadPackageDefinition(definition) as unknown as {
      zetasql: { local_service: { ZetaSqlLocalService: new (...args: unknown[]) => Client } } & GrpcObject;
    };
    const size = 512 * 1024 * 1024;
    const client = new services.zetasql.local_service.ZetaSqlLocalService(
      `localhost:${port}`,
      credentials.createInsecure(),
      { 'grpc.max_receive_message_length': size, 'grpc.max_send_message_length': size },
    );
    const ready = new Promise<string | undefined>((resolve) => {
      client.waitForReady(Date.now() + 60_000, (error) => resolve(error?.message));
    });
    const reason = await Promise.race([ready, failed]);
    if (reason === undefined) return new ZetaSql(child, client);
    child.kill('SIGKILL');
    return reason;
  }

  /** What the analyser makes of one statement; throws its message where it refuses. An INSERT would end the server. */
  async analyse(sql: string, tables: readonly CatalogTable[] = []): Promise<unknown> {
    return this.call('analyze', { sqlStatement: sql, options: OPTIONS, simpleCatalog: catalogOf(tables) });
  }

  /** The columns of a SELECT. */
  async columns(sql: string, tables: readonly CatalogTable[] = []): Promise<readonly CatalogColumn[]> {
    const { resolvedStatement } = (await this.analyse(sql, tables)) as Analysed;
    const list = resolvedStatement?.resolvedQueryStmtNode?.outputColumnList ?? [];
    return list.map(({ name = '', column }) => ({ name, type: typeOf(column) }));
  }

  /** The columns of tables that a statement names, by the table's path. Those of a CTE count, whoever reads it. */
  async columnsRead(
    sql: string,
    tables: readonly CatalogTable[] = [],
  ): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const options = { ...OPTIONS, pruneUnusedColumns: true };
    const found = new Map<string, Set<string>>();
    gather(
      await this.call('analyze', { sqlStatement: sql, options, simpleCatalog: catalogOf(tables) }),
      found,
    );
    return found;
  }

  /** The result of a SELECT over tables that have rows; those may not be in a dataset. */
  async evaluate(sql: string, tables: readonly CatalogTable[] = []): Promise<ResultTable> {
    const contents = tables.map(({ path, rows = [] }) => {
      return [path.join('.'), { tableData: { row: rows.map((cell) => ({ cell })) } }] as const;
    });
    const { content, prepared } = (await this.call('evaluateQuery', {
      sql,
      options: OPTIONS,
      simpleCatalog: catalogOf(tables),
      tableContent: Object.fromEntries(contents),
    })) as Evaluated;
    const columns = (prepared?.columns ?? []).map((column) => ({
      name: column.name ?? '',
      type: typeOf(column),
    }));
    const rows = (content?.tableData?.row ?? []).map(({ cell = [] }) => cell);
    return { columns, rows };
  }

  private call(method: 'analyze' | 'evaluateQuery', request: object): Promise<unknown> {
    const client = this.client as unknown as Record<string, (request: object, answer: Answer) => void>;
    return new Promise((resolve, reject) => {
      const answer: Answer = (error, value) => {
        if (error) reject(new Error(error.details ?? error.message));
        else resolve(value);
      };
      client[method]?.call(this.client, request, answer);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }
}

const KINDS = new Map(Object.entries(TYPE_KINDS).map(([type, kind]) => [kind, type as SqlType]));

function typeOf(column: NamedType | undefined): SqlType {
  const kind = column?.type?.typeKind ?? '';
  const type = KINDS.get(kind);
  if (type === undefined) throw new Error(`a column of type ${kind}`);
  return type;
}

/** Scans of tables, wherever they stand in what the analyser makes of a statement. */
function gather(node: unknown, into: Map<string, Set<string>>): void {
  if (typeof node !== 'object' || node === null || Buffer.isBuffer(node)) return;
  const { table, parent } = node as {
    readonly table?: { readonly fullName?: string } | null;
    readonly parent?: { readonly columnList?: readonly NamedType[] } | null;
  };
  if (table?.fullName !== undefined) {
    const names = into.get(table.fullName) ?? new Set();
    for (const { name = '' } of parent?.columnList ?? []) names.add(name);
    into.set(table.fullName, names);
  }
  Object.values(node).forEach((inner) => gather(inner, into));
}

/** Rows as a warehouse gives them. */
export const rowsOf = ({ columns, rows }: ResultTable): readonly Row[] =>
  rows.map((cells) => Object.fromEntries(columns.map(({ name }, i) => [name, valueOf(cells[i] ?? {})])));

function catalogOf(tables: readonly CatalogTable[]): object {
  const of = (own: readonly CatalogTable[], name: string, more: object): object => ({
    name,
    table: own.map(({ path, columns }) => ({
      name: path.at(-1),
      fullName: path.join('.'),
      column: columns.map((column) => ({ name: column.name, type: { typeKind: TYPE_KINDS[column.type] } })),
    })),
    ...more,
  });
  const datasets = new Map<string, CatalogTable[]>();
  const plain: CatalogTable[] = [];
  for (const table of tables) {
    const [dataset, name] = table.path;
    if (dataset === undefined || name === undefined) plain.push(table);
    else datasets.set(dataset, [...(datasets.get(dataset) ?? []), table]);
  }
  return of(plain, 'project', {
    builtinFunctionOptions: { languageOptions: OPTIONS.languageOptions },
    catalog: [...datasets].map(([name, own]) => of(own, name, {})),
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
