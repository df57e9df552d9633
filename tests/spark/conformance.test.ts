/**
 * Conformance cases on Spark, by SELECTs: `ROLLCALL_SPARK_PART=0,7` of `ROLLCALL_SPARK_PARTS=20` are the cases whose
 * number leaves 0 or 7 over when divided by 20; all of them by default.
 */
import { describe, vi } from 'vitest';

import { conformsOn } from '../conformance/on-engine.js';
import { sparkEngine } from '../engines/spark.js';

vi.setConfig({ testTimeout: 3_600_000, hookTimeout: 600_000 }); // a cluster beside other work takes its time

const parts = Number(process.env['ROLLCALL_SPARK_PARTS'] ?? 1);
const wanted = (process.env['ROLLCALL_SPARK_PART'] ?? '0').split(',').map(Number);

describe.each(wanted)(`part %i of ${parts}`, (part) => {
  conformsOn(sparkEngine, part, parts);
});
