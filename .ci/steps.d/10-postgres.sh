#!/usr/bin/env bash
# PostgreSQL: every conformance case, the functions and the failures on a real server, TLS to servers of its own beside psql, and random
# pairs against the reference. Skipped, and saying so, where there is no server package: every conformance case is asked of PGlite then, which
# lives a project's life, too.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    apt-get install -y --no-install-recommends postgresql >/dev/null 2>&1 ||
      { apt-get update >/dev/null 2>&1 && apt-get install -y --no-install-recommends postgresql >/dev/null 2>&1; }
  fi
fi
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
  echo 'skipped: no PostgreSQL server is installed, and the package cannot be had (apt-get install postgresql)'
  echo "instead: every conformance case and a project's life on PGlite"
  ROLLCALL_PGLITE=all NO_COLOR=1 exec npx vitest run tests/postgres/pglite tests/scenarios/pglite
fi

export NO_COLOR=1
scripts/with-postgres.sh npx vitest run tests/postgres/server- tests/postgres/warehouse tests/postgres/troubles tests/postgres/password-file tests/postgres/tls- tests/postgres/functions tests/scenarios/server tests/faults/server || exit 1
ROLLCALL_ENGINE=postgres ROLLCALL_PAIRS="${ROLLCALL_POSTGRES_PAIRS:-500}" \
  ROLLCALL_PROPERTIES=some scripts/with-postgres.sh npx vitest run tests/property/scenarios tests/property/standalone tests/property/entities || exit 1
