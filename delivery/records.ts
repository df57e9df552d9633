/**
 * Messages as they leave the warehouse: one text each, as every value that crosses into JavaScript takes longer than it is long. Of a
 * message only its payload is cut out; what it is called is looked up when somebody asks, which of most nobody does.
 */
import { CompilerBug } from '../compiler/diagnostics/index.js';
import { as, c, call, caseWhen, project, text } from '../compiler/ir/build.js';
import type { Expr, Relation } from '../compiler/ir/types.js';
import { FIELD_END, type Row } from '../dialects/warehouse.js';
import type { OutboxMessage } from './destination.js';

/** What a message is called, in this order: words of ours, as they are, then what others named, as JSON, which holds `FIELD_END` only escaped. */
const OURS = ['message_type', 'message_id'] as const;
const NAMED = ['definition_key', 'identifier_type', 'identifier', 'value'] as const;
export type Names = readonly [string, string, string, string, string, string | null];

/** What is kept of its names. */
export function namesIn(text: string): Names {
  const [type = '', id = '', ...said] = text.split(FIELD_END);
  return [type, id, ...(JSON.parse(`[${said.join(',')}]`) as [string, string, string, string | null])];
}

/** Rows of the outbox of one run as `record`: what each is called, and its payload. */
export const recordRows = (rows: Relation): Relation =>
  project(rows, [as('record', call('concat', ...between(fieldsOf(rows, c(rows, 'payload')))))]);

/** The fields of the record of a row of the outbox, the payload last: without line ends, if that has none. */
export const fieldsOf = (rows: Relation, payload: Expr): readonly Expr[] => [
  ...OURS.map((name) => c(rows, name)),
  ...NAMED.map((name) => quoted(rows, name)),
  payload,
];

const between = (fields: readonly Expr[]): readonly Expr[] =>
  fields.flatMap((field, i) => (i === 0 ? [field] : [text(FIELD_END), field]));

/** The JSON string that holds a text, or `null`. */
function quoted(rows: Relation, name: string): Expr {
  const value = c(rows, name);
  const said = call('json_dump', call('text_json', value));
  if (name !== 'value') return said;
  return caseWhen([{ when: call('is_null', value), then: text('null') }], said);
}

/** The messages of rows of `recordRows`. */
export function readRecords(rows: readonly Row[], runNo: number): readonly OutboxMessage[] {
  const names: string[] = [];
  const payloads: string[] = [];
  for (const { record } of rows) {
    const text = String(record);
    const at = text.lastIndexOf(FIELD_END);
    names.push(text.slice(0, at));
    payloads.push(text.slice(at + 1));
  }
  const labels = new Labels(names);
  const typeOf = (name = ''): string => name.slice(0, name.indexOf(FIELD_END));
  return payloads.map((payload, i) => new ReadMessage(labels, i, runNo, typeOf(names[i]), payload));
}

/** Messages that were read together, which can be named again by their places. */
export interface Series {
  /** The ids of those from one place up to another. */
  ids(from: number, to: number): readonly string[];
}

/** A message of a series: the next begins where it ends. */
export interface Placed {
  readonly series: Series;
  readonly start: number;
  readonly end: number;
}

/** What some messages are called, apart from what they say: a piece of a text keeps all of it in memory. */
class Labels implements Series {
  private readonly joined: string;
  private parsed: readonly Names[] | undefined;

  constructor(texts: readonly string[]) {
    this.joined = texts.join('\n');
  }

  at(index: number): Names {
    this.parsed ??= this.joined.split('\n').map(namesIn);
    const names = this.parsed[index];
    if (names === undefined) throw new CompilerBug('a message that was not read');
    return names;
  }

  ids(from: number, to: number): readonly string[] {
    return Array.from({ length: to - from }, (_, i) => this.at(from + i)[1]);
  }
}

class ReadMessage implements OutboxMessage, Placed {
  constructor(
    readonly series: Labels,
    readonly start: number,
    readonly runNo: number,
    readonly type: string,
    readonly payload: string,
  ) {}

  get end(): number {
    return this.start + 1;
  }

  get messageId(): string {
    return this.series.at(this.start)[1];
  }

  get definition(): string {
    return this.series.at(this.start)[2];
  }

  get identifierType(): string {
    return this.series.at(this.start)[3];
  }

  get identifier(): string {
    return this.series.at(this.start)[4];
  }

  get value(): string | null {
    return this.series.at(this.start)[5];
  }
}

/** Some messages of a series, one after another. */
interface Stretch {
  readonly series: Series;
  readonly from: number;
  to: number;
}

/** Ids of messages for later, without holding on to what they say. Of those that were read together, in order, next to nothing is held. */
export class Stubs {
  private readonly parts: (string | Stretch)[] = [];
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(messages: readonly OutboxMessage[]): void {
    this.count += messages.length;
    for (const message of messages) {
      const last = this.parts.at(-1);
      if (!isPlaced(message)) this.parts.push(message.messageId);
      else if (typeof last === 'object' && last.series === message.series && last.to === message.start)
        last.to = message.end;
      else this.parts.push({ series: message.series, from: message.start, to: message.end });
    }
  }

  ids(): readonly string[] {
    return this.parts.flatMap((part) =>
      typeof part === 'string' ? part : part.series.ids(part.from, part.to),
    );
  }
}

const isPlaced = (message: OutboxMessage): message is OutboxMessage & Placed => 'series' in message;
