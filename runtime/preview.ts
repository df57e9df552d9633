/** `preview`: a definition as it stands in its file, computed from the raw sources and published nowhere. */
import { CompilerBug } from '../compiler/diagnostics/index.js';
import * as ir from '../compiler/ir/build.js';
import { rememberedOf, standaloneSelect } from '../compiler/index.js';
import type { PreviewOptions, PreviewResult } from './queries-api.js';
import { readAsOf, timestamp } from './instants.js';
import { byProfile, first } from './members.js';
import { publishedKey, resolveSession } from './prepare.js';
import { numberOf, withSession } from './session.js';
import { standaloneParams, standaloneSql } from './sql-files.js';

/** Size and the first profiles of a definition (see `Preview`). */
export async function preview(options: PreviewOptions): Promise<PreviewResult> {
  const asOf = readAsOf(options.asOf, options.now());
  const { limit = 10 } = options;
  return withSession(options, { mode: 'read' }, async (session) => {
    const { resolved, stored, diagnostics } = await resolveSession(session);
    const key = publishedKey(resolved, options.key);
    const definition = resolved.byKey.get(key)?.definition;
    if (!definition) throw new CompilerBug(`no definition ${key}`);
    const { query, firstRuns } = standaloneSelect(resolved, key, rememberedOf(resolved, stored.existing));
    const params = standaloneParams(firstRuns, stored, asOf);
    // One statement, so that the definition is computed once for both.
    const size = ir.aggregate(query, [], [ir.as('preview_size', ir.agg('count'))]);
    const sample = ir.join('left', size, first(query, limit), [], ir.bool(true));
    const bound = Object.fromEntries(Object.entries(params).map(([name, iso]) => [name, timestamp(iso)]));
    const rows = await session.rows(sample, bound);
    const found = rows
      .map(({ preview_size: _size, ...row }) => row)
      .filter((row) => row['profile_id'] !== null);
    return {
      key,
      kind: definition.kind,
      as_of: asOf,
      size: rows[0] ? numberOf(rows[0], 'preview_size') : 0,
      sample: found.sort(byProfile),
      sql: standaloneSql(resolved, key, session.dialect, stored, asOf).sql,
      diagnostics,
    };
  });
}
