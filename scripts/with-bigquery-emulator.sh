#!/usr/bin/env bash
# Runs a command with an emulator of BigQuery of its own: `scripts/with-bigquery-emulator.sh npx vitest run tests/dialects/bigquery`.
# The emulator is bqemulator from PyPI, kept in a virtual environment (BIGQUERY_EMULATOR_HOME, by default in the user's cache);
# its address is in BIGQUERY_EMULATOR. Exits 69 where it cannot be had.
set -euo pipefail

home=${BIGQUERY_EMULATOR_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/rollcall-bigquery-emulator-1.4.0}
unavailable() {
  echo "with-bigquery-emulator: $1" >&2
  exit 69
}

if [ ! -f "$home/ready" ]; then
  command -v python3 >/dev/null || unavailable 'there is no python3'
  mkdir -p "$home/home"
  python3 -m venv "$home/venv" >"$home/install.log" 2>&1 || unavailable 'python3 cannot make virtual environments (Debian: python3-venv)'
  # Its spatial extension comes from a package too, of the same version as DuckDB.
  "$home/venv/bin/pip" install -q bqemulator==1.4.0 duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-spatial==1.5.5 numpy \
    >>"$home/install.log" 2>&1 || unavailable "bqemulator cannot be installed, see $home/install.log"
  HOME="$home/home" "$home/venv/bin/python" -c 'from duckdb_extensions import import_extension; import_extension("spatial")' \
    >>"$home/install.log" 2>&1 || unavailable "the emulator's extension cannot be installed, see $home/install.log"
  touch "$home/ready"
fi

port() { node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });'; }
rest=$(port)
log=$(mktemp)
HOME="$home/home" "$home/venv/bin/bqemulator" start --rest-port "$rest" --grpc-port "$(port)" --project test --log-level error >"$log" 2>&1 &
emulator=$!
finish() {
  status=$?
  kill "$emulator" 2>/dev/null || true
  rm -f "$log"
  exit "$status"
}
trap finish EXIT

export BIGQUERY_EMULATOR="http://127.0.0.1:$rest"
for _ in $(seq 60); do
  if node -e "fetch(process.env.BIGQUERY_EMULATOR + '/bigquery/v2/projects/test/datasets').then(() => process.exit(0), () => process.exit(1))"; then
    "$@"
    exit
  fi
  kill -0 "$emulator" 2>/dev/null || { tail -5 "$log" >&2; unavailable 'the emulator ended'; }
  sleep 1
done
tail -5 "$log" >&2
unavailable 'the emulator does not answer'
