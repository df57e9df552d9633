#!/usr/bin/env bash
# Every conformance case on DuckDB by its SELECT and by runs; `npm test` has room for half of the runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

ROLLCALL_DUCKDB=all NO_COLOR=1 npx vitest run tests/conformance/duckdb
