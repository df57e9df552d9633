#!/usr/bin/env bash
# Runs a command with Segment's destination actions at hand: `scripts/with-actions.sh npx vitest run tests/actions`.
# They are an optional peer (some hundred megabytes), so they are installed in a folder of their own, pinned, without scripts, and
# named by ROLLCALL_ACTIONS. Of their AWS clients one version is not to be had; no destination here uses it. Exits 69 where they cannot be had.
set -euo pipefail

if [ -z "${ROLLCALL_ACTIONS:-}" ]; then
  version=$(node -p 'require("./package.json").peerDependencies["@segment/action-destinations"]')
  home="${TMPDIR:-/tmp}/rollcall-actions-$version"
  mkdir -p "$home"
  cat >"$home/package.json" <<JSON
{
  "private": true,
  "dependencies": { "@segment/action-destinations": "$version" },
  "overrides": { "@aws-sdk/client-kinesis": "^3.894.0" }
}
JSON
  # npm writes this at the end: an install that was broken off is made again.
  if [ ! -f "$home/node_modules/.package-lock.json" ]; then
    if ! (cd "$home" && npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error >&2); then
      echo "with-actions: @segment/action-destinations $version cannot be installed" >&2
      exit 69
    fi
  fi
  export ROLLCALL_ACTIONS="$home"
fi
exec "$@"
