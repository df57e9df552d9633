import type { Register } from '../command.js';
import { alerts } from './alerts.js';
import { backfill } from './backfill.js';
import { compile } from './compile.js';
import { complete, completion } from './completion.js';
import { deliveries } from './deliveries.js';
import { demo } from './demo.js';
import { diff } from './diff.js';
import { doctor } from './doctor.js';
import { explain } from './explain.js';
import { forget } from './forget.js';
import { importDefinitions } from './import.js';
import { init } from './init.js';
import { ls } from './ls.js';
import { members } from './members.js';
import { preview } from './preview.js';
import { resync } from './resync.js';
import { retire } from './retire.js';
import { run } from './run.js';
import { status } from './status.js';
import { sync } from './sync.js';
import { test } from './test.js';
import { validate } from './validate.js';
import { watch } from './watch.js';

/** Every command, in the order help lists them. */
export const COMMANDS: readonly Register[] = [
  init, importDefinitions, validate, test, compile, ls,
  run, watch, explain, backfill, preview, members, diff, status, doctor, retire, forget,
  sync, deliveries, resync, alerts,
  demo, completion, complete,
]; // prettier-ignore
