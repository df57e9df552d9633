/** The parts of knex the emitter extends; knex ships types for its front door only. */
declare module 'knex/lib/client.js' {
  import type { Knex } from 'knex';
  const Client: typeof Knex.Client;
  export default Client;
}

declare module 'knex/lib/query/querycompiler.js' {
  import type { Knex } from 'knex';

  /** Turns one builder into SQL: a method a clause, each pushing its bindings as it prints them. */
  export default class QueryCompiler {
    constructor(client: Knex.Client, builder: Knex.QueryBuilder, bindings?: unknown[]);
    readonly client: Knex.Client;
    readonly bindings: unknown[];
    readonly grouped: { readonly with?: readonly object[] };
    select(): string;
    with(): string;
    columns(): string;
    where(): string | undefined;
    union(): string;
    onlyUnions(): boolean;
    group(): string;
    having(): string;
    withWrapped(statement: object): string;
  }
}
