#!/usr/bin/env bash
# Engines that live in the process, beyond what `npm test` has room for: of conformance cases on DuckDB those it does not ask, and of
# those it asks by SELECT the runs, and the other way round; all of both on PGlite, a project's life on PGlite, all random definitions
# over random histories of the fixed seeds, faults and killed processes, runs that stop where DDL is in no transaction, rows of entities,
# backfills and messages that are kept back over many runs, landing as each kind of engine has it, the grocer's example run by its
# commands, and deliveries to an address that cannot be trusted at first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export ROLLCALL_DUCKDB=rest ROLLCALL_PGLITE=all ROLLCALL_PROPERTIES=all ROLLCALL_FAULTS=some ROLLCALL_DDL=yes ROLLCALL_DEEP=yes
export ROLLCALL_LANDING=all ROLLCALL_EXAMPLES=all ROLLCALL_UNTRUSTED=yes
NO_COLOR=1 npx vitest run tests/conformance/duckdb tests/postgres/pglite tests/scenarios/pglite tests/property \
  tests/faults/duckdb tests/faults/killed tests/runtime/ddl tests/runtime/entity-triggers tests/runtime/withholding \
  tests/runtime/backfill tests/program/landing.test.ts tests/examples/grocer-run tests/delivery/soak
