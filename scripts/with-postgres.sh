#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own: `scripts/with-postgres.sh npm run conformance -- postgres`.
# The server has a data directory that is deleted afterwards, a port nobody uses, and the name ROLLCALL_POSTGRES_URL.
# It is the newest of Debian's packages that is installed (apt-get install postgresql). Exits 69 where there is none.
set -euo pipefail

bin=${POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)}
if [ -z "$bin" ] || [ ! -x "$bin/initdb" ]; then
  echo 'with-postgres: no PostgreSQL server is installed (Debian: apt-get install postgresql)' >&2
  exit 69
fi

home=$(mktemp -d "${TMPDIR:-/tmp}/rollcall-postgres.XXXXXX")
port=${POSTGRES_PORT:-$(node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });')}

# The server refuses to be run by root.
as=()
if [ "$(id -u)" -eq 0 ]; then
  chown postgres "$home"
  as=(runuser -u postgres --)
fi

finish() {
  status=$?
  "${as[@]}" "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1 || true
  rm -rf "$home"
  exit "$status"
}
trap finish EXIT

cd "$home"
printf 'secret' >"$home/password"
[ ${#as[@]} -eq 0 ] || chown postgres "$home/password"
# A locale whose order is not that of code points, and a password, as people have them; speed instead of safety, as nobody does.
"${as[@]}" "$bin/initdb" -D "$home/data" -U rollcall --pwfile="$home/password" -A scram-sha-256 -E UTF8 \
  --locale=C.UTF-8 --locale-provider=icu --icu-locale="${POSTGRES_LOCALE:-en-US}" --no-sync >"$home/initdb.log" 2>&1 || { cat "$home/initdb.log" >&2; exit 1; }
"${as[@]}" "$bin/pg_ctl" -D "$home/data" -l "$home/log" -w start >/dev/null \
  -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$home -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB -c max_connections=40" ||
  { cat "$home/log" >&2; exit 1; }
cd "$OLDPWD"

echo "with-postgres: $("$bin/postgres" --version) on port $port" >&2
ROLLCALL_POSTGRES_URL="postgres://rollcall:secret@127.0.0.1:$port/postgres" "$@"
