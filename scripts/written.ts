/** Files of this repository that scripts write: formatted as all others are, and dated. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

export const ROOT = join(import.meta.dirname, '..');

/** Writes a file; its name says what it is. */
export async function writeFormatted(file: string, text: string): Promise<void> {
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
}

/** The commit that is checked out, short. */
export const commitHere = (): string =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();

/** A number with thousands apart. */
export const grouped = (n: number): string => n.toLocaleString('en');
