#!/usr/bin/env bash
# Snowflake: every sixth conformance case's statements, and all of the examples', read by the independent parser and checked
# against what Snowflake refuses; every function, and some of the cases and scenarios, on the emulator through the official driver.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

ROLLCALL_STATEMENTS_EVERY=${ROLLCALL_STATEMENTS_EVERY:-6} ROLLCALL_EXAMPLES=all npx vitest run \
  tests/dialects/snowflake/statements.test.ts tests/examples/snowflake.test.ts || exit 1

export ROLLCALL_SNOWFLAKE_EVERY=${ROLLCALL_SNOWFLAKE_EVERY:-60}
bash scripts/with-snowflake-emulator.sh npx vitest run --testTimeout=120000 \
  tests/dialects/snowflake/functions.test.ts tests/scenarios/snowflake.test.ts tests/conformance/snowflake.test.ts
status=$?
[ "$status" -eq 77 ] && exit 0
exit "$status"
