/**
 * Messages that the warehouse wrote into a file, a record a line. Read as bytes and sent as bytes, a message costs a fraction of what a
 * row does, and what a page holds is on the disk and not in memory.
 */
import { readSync } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIELD_END } from '../dialects/warehouse.js';
import type { OutboxMessage } from './destination.js';
import { namesIn, type Names, type Placed, type Series } from './records.js';

/** Bytes read at a time. */
const CHUNK = 1 << 20;
const LINE_END = 0x0a;
const END_OF_FIELD = FIELD_END.charCodeAt(0);

export class RecordFile implements Series {
  private constructor(private readonly handle: FileHandle) {}

  /**
   * @param write puts the records into the file it is given, which only this user can read. The file has lost its name when this
   *   resolves, so that it is gone with the process, however that ends
   */
  static async of(write: (path: string) => Promise<unknown>): Promise<RecordFile> {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-'));
    try {
      const path = join(folder, 'records');
      await write(path);
      return new RecordFile(await open(path, 'r'));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** All messages, in the order of the file. */
  async *messages(runNo: number): AsyncGenerator<readonly OutboxMessage[]> {
    let rest = Buffer.alloc(0);
    for (let at = 0; ;) {
      // Never from the pool that small buffers share, as messages hold on to it.
      const buffer = Buffer.allocUnsafeSlow(rest.length + CHUNK);
      rest.copy(buffer);
      const { bytesRead } = await this.handle.read(buffer, rest.length, CHUNK, at + rest.length);
      if (bytesRead === 0) return;
      const filled = buffer.subarray(0, rest.length + bytesRead);
      const messages: OutboxMessage[] = [];
      let from = 0;
      for (const line of linesOf(filled)) {
        messages.push(new FiledMessage(this, at + from, line, runNo));
        from += line.length + 1;
      }
      if (messages.length > 0) yield messages;
      rest = filled.subarray(from);
      at += from;
    }
  }

  ids(from: number, to: number): readonly string[] {
    const part = Buffer.allocUnsafe(to - from);
    for (let read = 0; read < part.length;)
      read += readSync(this.handle.fd, part, read, part.length - read, from + read);
    return Array.from(linesOf(part), (line) => namesOf(line)[1]);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** The lines that have an end. */
function* linesOf(buffer: Buffer): Generator<Buffer, void, undefined> {
  for (let from = 0, to: number; (to = buffer.indexOf(LINE_END, from)) >= 0; from = to + 1)
    yield buffer.subarray(from, to);
}

const namesOf = (line: Buffer): Names => namesIn(line.toString('utf8', 0, line.lastIndexOf(END_OF_FIELD)));

class FiledMessage implements OutboxMessage, Placed {
  readonly bytes: Buffer;

  /** @param start where its line begins in the file */
  constructor(
    readonly series: RecordFile,
    readonly start: number,
    private readonly line: Buffer,
    readonly runNo: number,
  ) {
    this.bytes = line.subarray(line.lastIndexOf(END_OF_FIELD) + 1);
  }

  get end(): number {
    return this.start + this.line.length + 1;
  }

  get payload(): string {
    return this.bytes.toString();
  }

  /** A word of ours, and the first of the names. */
  get type(): string {
    return this.line.toString('latin1', 0, this.line.indexOf(END_OF_FIELD));
  }

  get messageId(): string {
    return namesOf(this.line)[1];
  }

  get definition(): string {
    return namesOf(this.line)[2];
  }

  get identifierType(): string {
    return namesOf(this.line)[3];
  }

  get identifier(): string {
    return namesOf(this.line)[4];
  }

  get value(): string | null {
    return namesOf(this.line)[5];
  }
}
