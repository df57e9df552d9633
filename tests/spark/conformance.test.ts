/** Conformance cases on Spark: every `ROLLCALL_SPARK_PARTS`-th one; only where there is a Spark. */
import { afterAll, describe } from 'vitest';

import { conformsOn } from '../conformance/on-engine.js';
import { endSpark, sparkEngine } from '../engines/spark.js';

const parts = Number(process.env['ROLLCALL_SPARK_PARTS'] ?? 1);
const part = Number(process.env['ROLLCALL_SPARK_PART'] ?? 0);

describe.skipIf(process.env['ROLLCALL_SPARK_PYTHON'] === undefined)(
  'Spark (see scripts/with-spark.sh)',
  () => {
    conformsOn(sparkEngine, part, parts);
    afterAll(endSpark);
  },
);
