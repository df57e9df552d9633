"""A Spark session that takes requests as lines of JSON and answers in lines of JSON, for a process that is no JVM.

Request:  {"id": 1, "op": "read" | "execute" | "describe" | "schema" | "version", "sql": …, "schema": …}
Answers:  {"id": 1, "columns": […]}, {"id": 1, "rows": [[…], …]} as often as there are rows, {"id": 1, "done": {…}};
          or {"id": 1, "error": "…", "lost": false}.

The first argument is where Spark is: a master (`spark://host:7077`, `local[2]`), or a Connect server (`sc://host:15002`).
Further arguments are settings, `name=value`; with `spark.rollcall.collect=true` a result crosses at once, by one job instead of one
for each of its partitions: it has to fit into memory.
"""

import decimal
import json
import os
import sys

from pyspark.sql import SparkSession

BATCH = 2000
# What is ours to decide: instants are UTC, decimals keep their nine digits or are beyond the range, and `${env:HOME}` in a
# literal is no variable of whoever runs the statement. Funnels of twenty levels take more than a hundred rounds to resolve.
SETTINGS = {
    "spark.sql.analyzer.maxIterations": "1000",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.variable.substitute": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.variant.allowDuplicateKeys": "true",
}


def connect(where, settings):
    builder = SparkSession.builder.appName("rollcall")
    builder = builder.remote(where) if where.startswith("sc://") else builder.master(where)
    for setting in settings:
        name, _, value = setting.partition("=")
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    return spark


def plain(value):
    """A value as it crosses: numbers and dates as text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    return format(value, "f") if isinstance(value, decimal.Decimal) else str(value)


def with_instants(frame):
    """The frame with instants as text: Python has none on the first day of the year 1."""
    # Each frame made of another is analysed anew, with all that is below it.
    if "timestamp" not in (kind for _, kind in frame.dtypes):
        return frame
    named = frame.toDF(*[f"c{i}" for i in range(len(frame.columns))])
    instant = "replace(cast({0} as string), ' ', 'T') || 'Z' as {0}"
    return named.selectExpr(*[instant.format(c) if kind == "timestamp" else c for c, kind in named.dtypes])


def columns_of(frame):
    return [{"name": name, "type": kind} for name, kind in frame.dtypes]


def said(error):
    """What Spark says of a failure; one of the JVM's begins with what was called, and ends with what was wrong."""
    cause = getattr(error, "java_exception", None)
    while cause is not None and cause.getCause() is not None:
        cause = cause.getCause()
    return str(error) if cause is None else cause.toString()


def answer(spark, request, say):
    op = request["op"]
    if op == "read":
        frame = spark.sql(request["sql"])
        say({"columns": columns_of(frame)})
        rows = []
        read = with_instants(frame)
        at_once = spark.conf.get("spark.rollcall.collect", "false") == "true"
        for row in read.collect() if at_once else read.toLocalIterator():
            rows.append([plain(value) for value in row])
            if len(rows) == BATCH:
                say({"rows": rows})
                rows = []
        if rows:
            say({"rows": rows})
        return {}
    if op == "execute":
        spark.sql(request["sql"]).collect()
        return {}
    if op == "describe":
        return {"columns": columns_of(spark.sql(request["sql"]))}
    if op == "explain":
        return {"text": spark.sql("explain " + request["sql"]).collect()[0][0]}
    if op == "schema":
        schema = request.get("schema") or "default"
        quoted = "`" + schema.replace("`", "``") + "`"
        if not any(row[0] == schema.lower() for row in spark.sql("show databases").collect()):
            return {"tables": []}
        tables = [row.tableName for row in spark.sql("show tables in " + quoted).collect() if not row.isTemporary]
        named = {table: quoted + ".`" + table.replace("`", "``") + "`" for table in tables}
        return {"tables": [{"name": name, "columns": columns_of(spark.table(at))} for name, at in named.items()]}
    if op == "version":
        return {"version": spark.version}
    raise ValueError("no such request: " + op)


def main():
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # Spark's own words are no answers
    spark = connect(sys.argv[1], sys.argv[2:])
    out.write('{"id": 0, "done": {}}\n')
    out.flush()
    for line in sys.stdin:
        request = json.loads(line)

        def say(part):
            out.write(json.dumps({"id": request["id"], **part}, ensure_ascii=False) + "\n")
            out.flush()

        try:
            say({"done": answer(spark, request, say)})
        except Exception as error:  # noqa: BLE001  (whatever it is, the other side has to know)
            say({"error": said(error)})
    spark.stop()


main()
