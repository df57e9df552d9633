/** SQL traits: their queries read, bound to tables and columns, and made relations. */
export { bindQueries, tablesNamed, type BoundQuery, type BoundQueries, type IdType } from './bind.js';
export { describableQueries } from './describe.js';
export { withOutputs } from './outputs.js';
export { isSql, querySpan, readQueries, type SqlQuery } from './read.js';
export { queryRelation, REF_COLUMNS } from './relation.js';
