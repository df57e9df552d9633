/** What attempts to compute a batch leave behind in temporary tables: it is taken out before the next, or would be there twice. */
import * as ir from '../compiler/ir/build.js';
import type { TableRef } from '../compiler/ir/types.js';
import { AFFECTED } from '../compiler/program/names.js';
import type { BatchScript, DefinitionScript } from './batches.js';
import type { Executor } from './executor.js';

export class Attempts {
  /** Of whom nobody knows whether rows are staged: an answer was lost. */
  readonly uncertain = new Set<DefinitionScript>();
  /** Those that affected profiles were looked for. */
  private readonly looked = new Set<DefinitionScript>();

  constructor(private readonly executor: Executor) {}

  /** Finds affected profiles, anew where that was tried: another definition may have failed since. */
  async find({ id, items, before }: BatchScript): Promise<void> {
    if (before.length === 0) return;
    const again = items.filter((item) => this.looked.has(item));
    await this.takeOut(again, AFFECTED.table, `${id}.again`, 'For whom it was tried before');
    for (const item of items) this.looked.add(item);
    await this.executor.run(before);
  }

  /** Takes out what may have been staged by a statement whose answer was lost. */
  async clear({ id, items, step: { step } }: BatchScript): Promise<void> {
    if (step.op !== 'append') return;
    const left = items.filter((item) => this.uncertain.has(item));
    await this.takeOut(left, step.table, `${id}.clear`, 'What an answer that was lost may have left');
    for (const item of left) this.uncertain.delete(item);
  }

  private async takeOut(
    items: readonly DefinitionScript[],
    table: TableRef,
    id: string,
    title: string,
  ): Promise<void> {
    if (items.length === 0) return;
    const numbers = items.map(({ definitionNo }) => [ir.int(definitionNo)]);
    const query = ir.values([{ name: 'definition_no', type: 'int' }], numbers);
    const step = { op: 'delete', table, query, keys: ['definition_no'], id, title } as const;
    await this.executor.run([this.executor.render(step)]);
  }
}
