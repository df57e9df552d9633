#!/usr/bin/env bash
# Runs a command beside Snowflake's emulator, fakesnow, whose address is in ROLLCALL_SNOWFLAKE_EMULATOR then:
#   bash scripts/with-snowflake-emulator.sh npx vitest run tests/dialects/snowflake
# Exits 77 where the emulator cannot be had, after saying why. It is installed once, outside of the repository.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=scripts/snowflake-emulator
cache=${ROLLCALL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rollcall}
cannot() { echo "skipped: Snowflake's emulator cannot be had: $1"; exit 77; }

command -v python3 >/dev/null || cannot 'there is no python3'
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || cannot 'python3 is older than 3.10'
home=$cache/snowflake-emulator-$(sha256sum "$folder/requirements.txt" | cut -c1-12)
if [ ! -e "$home/ready" ]; then
  rm -rf "$home"
  python3 -m venv "$home" >/dev/null || cannot 'python3 has no venv'
  "$home/bin/pip" install --quiet --disable-pip-version-check -r "$folder/requirements.txt" ||
    cannot 'its packages cannot be installed'
  touch "$home/ready"
fi

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
log=$(mktemp)
"$home/bin/python" "$folder/server.py" "$port" >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -f "$log"' EXIT
for _ in $(seq 150); do
  kill -0 "$server" 2>/dev/null || { tail -5 "$log"; cannot 'it ended at once'; }
  python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null && break
  sleep 0.2
done

ROLLCALL_SNOWFLAKE_EMULATOR=127.0.0.1:$port "$@"
