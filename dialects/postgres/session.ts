/** What a connection is told when it opens: how values are written, and the one function SQL cannot say. */
import type { Sql } from '../dialect.js';
import { INSTEAD_OF_NUL } from './types.js';

/**
 * JSON as jsonb, or null where it is none: PostgreSQL 15 has no cast that does not raise. It lives in the connection's
 * temporary schema, so that nobody has to install anything. Of a jsonb column it is the column.
 */
export const SAFE_JSON = 'pg_temp.rollcall_json';

const body = (argument: string): string => `create or replace function ${SAFE_JSON}(${argument}) returns jsonb
language plpgsql immutable strict parallel restricted as $rollcall$
begin
  return cast(given as jsonb);
exception when others then
  begin
    -- jsonb has no place for NUL, nor for halves of characters
    return cast(regexp_replace(regexp_replace(cast(given as text),
      '(?<!\\\\)((\\\\\\\\)*)\\\\u(0000|[dD][89abAB][0-9a-fA-F]{2}(?!\\\\u[dD][c-fC-F]))', '\\1${INSTEAD_OF_NUL}', 'g'),
      '(?<!\\\\u[dD][89abAB][0-9a-fA-F]{2})\\\\u[dD][c-fC-F][0-9a-fA-F]{2}', '${INSTEAD_OF_NUL}', 'g') as jsonb);
  exception when others then
    return null;
  end;
end
$rollcall$`;

/** Statements that open a session, in one text. */
export const SESSION: Sql = [
  `set timezone = 'UTC'`,
  `set datestyle = 'ISO, YMD'`,
  `set intervalstyle = 'postgres'`,
  `set extra_float_digits = 1`,
  `set standard_conforming_strings = on`,
  `set bytea_output = 'hex'`,
  `set client_min_messages = warning`,
].join(';\n');

/** The functions, in one text; a server that is a copy of another refuses them, and goes without. */
export const HELPERS: Sql = [
  `create or replace function ${SAFE_JSON}(given jsonb) returns jsonb language sql immutable parallel safe as 'select given'`,
  `create or replace function ${SAFE_JSON}(given anyarray) returns jsonb language sql immutable parallel safe as 'select to_jsonb(given)'`,
  body('given json'),
  body('given text'),
].join(';\n');
