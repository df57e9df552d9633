/** Scripts of BigQuery, of which the product writes one kind: definitions of views. The evaluator takes a statement at a time. */

const DEFINES = 'create or replace view ';

/** The statements of a script, or the one statement that it is. */
export const statementsIn = (sql: string): readonly string[] => sql.split(new RegExp(`;\\n(?=${DEFINES})`));

/** The views that a script defines: `dataset.name`, and what they show. */
export const viewsIn = (sql: string): readonly { readonly key: string; readonly query: string }[] =>
  statementsIn(sql).map((one) => {
    const as = one.indexOf(' as\n');
    return { key: one.slice(DEFINES.length, as).replaceAll('`', ''), query: one.slice(as + 4) };
  });
