/** Projects that have no folder. */
import { posix } from 'node:path';
import type { ProjectFs } from '../../models/index.js';

/** A file system of JSON values by path. */
export function inMemory(files: ReadonlyMap<string, unknown>): ProjectFs {
  const missing = (path: string): Error => Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
  return {
    readFile: (path) =>
      files.has(path)
        ? Promise.resolve(Buffer.from(JSON.stringify(files.get(path))))
        : Promise.reject(missing(path)),
    realpath: (path) => Promise.resolve(path),
    readdir: (path) => {
      const inside = [...files.keys()].filter((file) => posix.dirname(file) === path);
      if (inside.length === 0) return Promise.reject(missing(path));
      return Promise.resolve(inside.map((file) => ({ name: posix.basename(file), kind: 'file' as const })));
    },
  };
}
