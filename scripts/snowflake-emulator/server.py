"""fakesnow's server for clients that read JSON: it answers queries in Arrow, which the Node.js driver does not read.

Every answer that carries Arrow is turned into the rowset of texts that Snowflake sends to such clients.
"""

import base64
import datetime
import decimal
import json
import sys

import pyarrow as pa
import uvicorn
from fakesnow.server import app as fakesnow

import gaps


def text_of(value, column):
    """One value as Snowflake writes it in a JSON rowset: texts, instants as seconds since the epoch."""
    if value is None:
        return None
    if isinstance(value, dict):
        if value["epoch"] is None:
            return None
        text = f"{value['epoch']}.{value['fraction']:09d}"
        return f"{text} {value['timezone']}" if "timezone" in value else text
    if isinstance(value, bool):
        return "1" if value else "0"
    if column["type"] == "date":
        return str((value - datetime.date(1970, 1, 1)).days)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return repr(value)
    return str(value)


def rowset_of(data):
    encoded = data.pop("rowsetBase64")
    data["queryResultFormat"] = "json"
    columns = data["rowtype"]
    if encoded == "":
        data["rowset"] = []
        return
    table = pa.ipc.open_stream(base64.b64decode(encoded)).read_all()
    lists = [
        [text_of(value, column) for value in array.to_pylist()]
        for array, column in zip(table.columns, columns, strict=True)
    ]
    data["rowset"] = [list(row) for row in zip(*lists, strict=True)]


class JsonRowsets:
    """ASGI: collects the answer to a query, and sends it on with the rows as JSON."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] != "/queries/v1/query-request":
            await self.app(scope, receive, send)
            return
        start, body = {}, []

        async def collect(message):
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.append(message.get("body", b""))
                if not message.get("more_body"):
                    await self.finish(start, b"".join(body), send)

        await self.app(scope, receive, collect)

    async def finish(self, start, body, send):
        answer = json.loads(body)
        if start["status"] >= 500:
            # A gap of the emulator's: the driver would ask again for minutes.
            start = {**start, "status": 200}
            answer["data"] = {"errorCode": "000603", "sqlState": "XX000"}
            answer["code"] = "000603"
            body = json.dumps(answer).encode()
        data = answer.get("data")
        if isinstance(data, dict) and "rowsetBase64" in data:
            rowset_of(data)
        if isinstance(data, dict) and "rowset" in data:
            data.setdefault("returned", len(data["rowset"]))
            data["total"] = len(data["rowset"])
            body = json.dumps(answer).encode()
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    gaps.install()
    uvicorn.run(JsonRowsets(fakesnow), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
