#!/usr/bin/env bash
# Runs a command with a Spark cluster of its own, two workers on this machine: `scripts/with-spark.sh npx vitest run tests/spark`.
# pyspark comes from PyPI into ROLLCALL_CACHE (default ~/.cache/rollcall); Java 17 has to be there.
# Where something cannot be had it says so and exits 0, as nothing is wrong with Rollcall then.
set -euo pipefail

version=4.0.5
home="${ROLLCALL_CACHE:-$HOME/.cache/rollcall}/pyspark-$version"

skip() {
  echo "with-spark: skipped: $1" >&2
  exit 0
}

command -v java >/dev/null || skip 'there is no java (Debian: apt-get install openjdk-17-jre-headless)'
command -v python3 >/dev/null || skip 'there is no python3'
if [ ! -x "$home/bin/python" ] || ! "$home/bin/python" -c 'import pyspark' 2>/dev/null; then
  rm -rf "$home"
  python3 -m venv "$home" || skip 'python3 makes no environment (Debian: apt-get install python3-venv)'
  "$home/bin/pip" install --quiet "pyspark==$version" || { rm -rf "$home"; skip "pyspark $version cannot be installed"; }
fi

export ROLLCALL_SPARK_PYTHON="$home/bin/python"
export ROLLCALL_SPARK_MASTER="${ROLLCALL_SPARK_MASTER:-local-cluster[2,1,1024]}"
exec "$@"
