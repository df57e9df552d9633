#!/usr/bin/env bash
# Engines that live in the process, beyond what `npm test` has room for: of conformance cases on DuckDB those it does not ask, and of
# those it asks by SELECT the runs, and the other way round; a tenth of them on PGlite (10-postgres.sh asks all of PostgreSQL, and lives a
# project's life there), all random definitions over random histories of the fixed seeds, faults and killed processes, runs that stop where DDL is
# in no transaction, state that was damaged, rows of entities, backfills, identities, outcomes and messages over many runs, landing as each
# kind of engine has it, the grocer's example run by its commands, and deliveries to an address that cannot be trusted at first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export ROLLCALL_DUCKDB=rest ROLLCALL_PGLITE=10 ROLLCALL_PROPERTIES=all ROLLCALL_FAULTS=some ROLLCALL_DDL=yes ROLLCALL_DEEP=yes
export ROLLCALL_LANDING=all ROLLCALL_EXAMPLES=all ROLLCALL_UNTRUSTED=yes
NO_COLOR=1 npx vitest run tests/conformance/duckdb tests/postgres/pglite tests/property \
  tests/faults/duckdb tests/faults/killed tests/runtime/ddl tests/runtime/entity-triggers tests/runtime/withholding \
  tests/runtime/backfill tests/runtime/damage tests/runtime/outbound tests/runtime/outcomes tests/runtime/universe \
  tests/program/landing.test.ts tests/examples/grocer-run tests/delivery/soak
