#!/usr/bin/env bash
# Engines that live in the process, beyond what `npm test` has room for: every conformance case by its SELECT and by runs on
# DuckDB and on PGlite, a project's life on PGlite, and all random definitions over random histories of the fixed seeds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

ROLLCALL_DUCKDB=all ROLLCALL_PGLITE=all ROLLCALL_PROPERTIES=all NO_COLOR=1 npx vitest run tests/conformance/duckdb \
  tests/postgres/pglite tests/scenarios/pglite tests/property
