#!/usr/bin/env bash
# BigQuery's SQL, executed: every conformance case's SELECT, every statement of the examples and random pairs on GoogleSQL's
# analyser and evaluator; a project's life through the official client, on that evaluator; the client on an emulator.
set -euo pipefail

ROLLCALL_GOOGLESQL=all ROLLCALL_GOOGLESQL_PAIRS=200 ROLLCALL_EXAMPLES=all timeout 900 npx vitest run \
  tests/conformance/bigquery tests/property/googlesql tests/examples/googlesql

ROLLCALL_GOOGLESQL=few timeout 900 npx vitest run tests/scenarios/bigquery tests/dialects/bigquery/killed tests/dialects/bigquery/runs

status=0
timeout 300 scripts/with-bigquery-emulator.sh npx vitest run tests/dialects/bigquery/client || status=$?
if [ "$status" -eq 69 ]; then
  echo 'skipped: no emulator of BigQuery can be had here; its driver was not run against one'
  exit 0
fi
exit "$status"
