/** Command lines that ask for what cannot be (exit 2). */
import { misuse } from '../compiler/diagnostics/index.js';
import { didYouMean, orList } from '../compiler/diagnostics/suggest.js';
import type { Destination, Project } from '../models/definition.js';

export { misuse };

/** So many names are listed where none is like the one that was typed. */
const MOST_LISTED = 10;

/** The destination of a key; throws where there is none. */
export function destinationOf({ destinations }: Project, key: string): Destination {
  const found = destinations.find((destination) => destination.key === key);
  if (found) return found;
  const known = destinations.map((destination) => destination.key);
  const listed = known.length > 0 && known.length <= MOST_LISTED;
  const all = listed ? `the destinations are ${orList(known)}` : undefined;
  throw misuse(`there is no destination ${JSON.stringify(key)}`, didYouMean(key, known) ?? all);
}
