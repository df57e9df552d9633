#!/usr/bin/env bash
# Runs a command with dbt and its DuckDB adapter, whose program is in ROLLCALL_DBT then: `scripts/with-dbt.sh npx tsx bench/peers.ts`.
# They come from PyPI into ROLLCALL_CACHE (default ~/.cache/rollcall), with the DuckDB that Rollcall has. Where they cannot be
# had it says so and exits 0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home="${ROLLCALL_CACHE:-$HOME/.cache/rollcall}/dbt-1.10.23"

skip() {
  echo "with-dbt: skipped: $1" >&2
  exit 0
}

command -v python3 >/dev/null || skip 'there is no python3'
if [ ! -e "$home/ready" ]; then
  rm -rf "$home"
  python3 -m venv "$home" || skip 'python3 makes no environment (Debian: apt-get install python3-venv)'
  "$home/bin/pip" install --quiet --disable-pip-version-check dbt-core==1.10.23 dbt-duckdb==1.9.6 duckdb==1.5.5 ||
    skip 'its packages cannot be installed'
  touch "$home/ready"
fi

ROLLCALL_DBT="$home/bin/dbt" exec "$@"
