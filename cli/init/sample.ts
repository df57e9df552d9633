import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

import { dialectFor } from '../../dialects/registry.js';
import type { Warehouse } from '../../dialects/warehouse.js';
import { packageDir } from '../package.js';
import { schemaFolder } from './schemas.js';

/** The bundled example. */
export const SAMPLE = join(packageDir, 'examples', 'grocer');
export const SAMPLE_NAME = 'grocer';

/** Its warehouse, as its rollcall.json has it. */
const SAMPLE_DATABASE = join('target', 'grocer.duckdb');
const ENGINE = 'duckdb';

/** Copies the example without what it has computed, and makes its files refer to schemas that are there. */
export async function copySample(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  // Entry by entry: the copy may lie in the example's own `target`, and a folder is not copied into itself.
  const entries = (await readdir(SAMPLE)).filter((name) => name !== 'target');
  await Promise.all(entries.map((name) => cp(join(SAMPLE, name), join(dir, name), { recursive: true })));
  const folder = await schemaFolder(dir);
  for (const file of await readdir(dir, { recursive: true })) {
    if (!file.endsWith('.json') || file.startsWith('.')) continue;
    const path = join(dir, file);
    const text = await readFile(path, 'utf8');
    const back = relative(join(path, '..'), folder).split(sep).join('/');
    await writeFile(
      path,
      text.replace(
        /("\$schema": ")[^"]*?schemas\/(\w+\.json")/,
        (_, a: string, b: string) => `${a}${back}/${b}`,
      ),
    );
  }
}

/** The example's warehouse, for putting data into it. */
export class SampleWarehouse {
  private constructor(private readonly warehouse: Warehouse) {}

  static async open(projectDir: string): Promise<SampleWarehouse> {
    const dialect = await dialectFor(ENGINE);
    const settings = { type: ENGINE, path: SAMPLE_DATABASE };
    await mkdir(join(projectDir, dirname(SAMPLE_DATABASE)), { recursive: true });
    return new SampleWarehouse(await dialect.open({ settings, projectDir, mode: 'write' }));
  }

  /** Builds every message of the year; none has arrived yet. */
  async load(): Promise<void> {
    await this.script('load.sql', { data: join(SAMPLE, 'data') });
  }

  /** Lets what was received in a span of time arrive. Resolves to how many messages have, in all. */
  async land(from: string, to: string): Promise<number> {
    await this.script('land.sql', { from, to });
    for await (const { rows } of this.warehouse.read('select count(*) as messages from raw.messages')) {
      return Number(rows[0]?.['messages']);
    }
    return 0;
  }

  close(): Promise<void> {
    return this.warehouse.close();
  }

  private async script(file: string, values: Readonly<Record<string, string>>): Promise<void> {
    const text = await readFile(join(SAMPLE, file), 'utf8');
    const sql = text.replace(
      /\{\{(\w+)\}\}/g,
      (all, name: string) => values[name]?.replaceAll("'", "''") ?? all,
    );
    await this.warehouse.execute(sql);
  }
}
