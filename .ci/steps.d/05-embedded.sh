#!/usr/bin/env bash
# Engines that live in the process, beyond what `npm test` has room for: every conformance case on DuckDB by its SELECT and
# by runs, and a project's life on PGlite.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

ROLLCALL_DUCKDB=all ROLLCALL_PGLITE=yes NO_COLOR=1 npx vitest run tests/conformance/duckdb tests/scenarios/pglite
