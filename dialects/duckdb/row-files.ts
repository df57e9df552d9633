/** Messages as rows of a CSV or Parquet file, written by the engine's own COPY. No warehouse is asked: whichever a project is on. */
import { DuckDBInstance } from '@duckdb/node-api';

import { quoteText } from './types.js';

export interface RowFile {
  /** A file of messages, a line each. */
  readonly lines: string;
  /** The file to write. */
  readonly to: string;
  readonly format: 'csv' | 'parquet';
  /** CSV: whether the names of columns are its first line. */
  readonly header: boolean;
  /** Parquet: a file whose rows come first. */
  readonly before?: string;
}

/** Members of a message, and what they are read as. */
const MEMBERS = {
  messageId: 'VARCHAR',
  timestamp: 'VARCHAR',
  type: 'VARCHAR',
  event: 'VARCHAR',
  userId: 'VARCHAR',
  anonymousId: 'VARCHAR',
  groupId: 'VARCHAR',
  traits: 'JSON',
  properties: 'JSON',
  context: 'JSON',
};

/** A message may be as large as it likes. */
const LARGEST = 1 << 30;

/** Writes the file whole. Throws what the engine says. */
export async function writeRowFile({ lines, to, format, header, before }: RowFile): Promise<void> {
  const columns = Object.entries(MEMBERS)
    .map(([name, type]) => `${quoteText(name)}: ${quoteText(type)}`)
    .join(', ');
  const at = format === 'csv' ? 'timestamp' : 'CAST(timestamp AS TIMESTAMPTZ)';
  const key = `json_extract_string(context, '$.personas.computation_key')`;
  const rows = `
    SELECT messageId AS message_id, ${at} AS timestamp, type, event, userId AS user_id, anonymousId AS anonymous_id,
      groupId AS group_id, ${key} AS definition_key,
      json_extract(coalesce(traits, properties), '$."' || ${key} || '"') AS value, traits, properties, context
    FROM read_json(${quoteText(lines)}, format = 'newline_delimited', records = true, columns = {${columns}},
      maximum_object_size = ${LARGEST})`;
  const all =
    before === undefined
      ? rows
      : `SELECT * FROM read_parquet(${quoteText(before)}) UNION ALL BY NAME (${rows})`;
  const options = format === 'csv' ? `FORMAT csv, HEADER ${header}` : 'FORMAT parquet, COMPRESSION zstd';
  const instance = await DuckDBInstance.create(':memory:', { preserve_insertion_order: 'true' });
  try {
    const connection = await instance.connect();
    // A file of an earlier version has instants without a zone, which are in UTC.
    await connection.run(`SET TimeZone = 'UTC'`);
    await connection.run(`COPY (${all}) TO ${quoteText(to)} (${options})`);
    connection.closeSync();
  } finally {
    instance.closeSync();
  }
}
