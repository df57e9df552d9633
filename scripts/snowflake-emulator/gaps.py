"""What fakesnow lacks of Snowflake, or does otherwise, each after Snowflake's documentation.

fakesnow reads Snowflake's SQL with sqlglot and runs it on DuckDB. Statements are not touched before they are read: what
is here works on the tree that was read, so that a form Snowflake would refuse gets no easier to run.
"""

import re
from string import Template

from fakesnow import cursor, info_schema, macros, variables
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.transforms import SUCCESS_NOP
import fakesnow.transforms as transforms
import sqlglot
from sqlglot import exp

# In VARIANT a text is not the text of its JSON, and a key may be any text.
MACROS = """
create or replace macro {c}._sf_as_varchar(v) as case when json_type(v) = 'VARCHAR' then json_extract_string(v, '$') end;
create or replace macro {c}._sf_as_array(v) as case when json_type(v) = 'ARRAY' then v end;
create or replace macro {c}._sf_as_object(v) as case when json_type(v) = 'OBJECT' then v end;
create or replace macro {c}._sf_get_key(v, k) as case when json_type(v) = 'OBJECT'
  then json_extract(v, '/' || replace(replace(k, '~', '~0'), '/', '~1')) end;
create or replace macro {c}._sf_get_index(v, n) as case when json_type(v) = 'ARRAY' and n >= 0
  then json_extract(v, cast(n as bigint)) end;
create or replace macro {c}._sf_compact(v) as to_json(list_filter(cast(v as json[]), lambda e: json_type(e) <> 'NULL'));
create or replace macro {c}._sf_flatten(v) as to_json(flatten(cast(v as json[][])));
create or replace macro {c}._sf_parse(t) as case when regexp_full_match(t, '-?[0-9.]+') then cast(t as json) else json(t) end;
create or replace macro {c}._sf_try_parse(t) as case when regexp_full_match(t, '-?[0-9.]+')
  then try_cast(t as json) when json_valid(t) then json(t) end;
create or replace macro {c}._sf_array_size(v) as case when json_type(v) = 'ARRAY' then cast(json_array_length(v) as bigint) end;
create or replace macro {c}._sf_text(v) as cast(v as varchar);
create or replace macro {c}._sf_hash(x) as cast(hash(x) >> 1 as bigint);
create or replace macro {c}._sf_md5_upper(x) as cast(md5_number(x) >> 64 as decimal(38, 0));
create or replace macro {c}._sf_md5_lower(x) as cast(md5_number(x) & 18446744073709551615 as decimal(38, 0));
create or replace macro {c}._sf_strip(v) as case when json_type(v) <> 'NULL' then v end;
create or replace macro {c}._sf_insert(t, p, n, u) as
  left(t, cast(p as bigint) - 1) || u || substr(t, cast(p as bigint) + cast(n as bigint));
create or replace macro {c}._sf_div(a, b) as case when a % b <> 0 then error('a division with a rest, which would be rounded')
  else cast(a as hugeint) // cast(b as hugeint) end;
"""

CALLS = {
    "AS_VARCHAR": "_sf_as_varchar",
    "AS_ARRAY": "_sf_as_array",
    "AS_OBJECT": "_sf_as_object",
    "HASH": "_sf_hash",
}


def call(name, *args):
    return exp.Anonymous(this=name, expressions=[a.copy() for a in args])


def formatted(node):
    """TO_VARCHAR of an instant with a format: fakesnow leaves the format out."""
    text = node.args["format"].name
    parts = [("YYYY", "%Y"), ("HH24", "%H"), ("MM", "%m"), ("DD", "%d"), ("MI", "%M"), ("SS", "%S"), ("FF6", "%f"), ('"', "")]
    for theirs, ours in parts:
        text = text.replace(theirs, ours)
    # A year below 1000 has four digits too.
    year = exp.cast(exp.Anonymous(this="year", expressions=[node.this.copy()]), "text")
    padded = exp.Anonymous(this="lpad", expressions=[year, exp.Literal.number(4), exp.Literal.string("0")])
    rest = exp.Anonymous(this="strftime", expressions=[node.this.copy(), exp.Literal.string(text.replace("%Y", ""))])
    return exp.Paren(this=exp.DPipe(this=padded, expression=rest)) if text.startswith("%Y") else rest


def higher_order(node, name):
    """TRANSFORM and FILTER take an ARRAY of VARIANT, which is JSON in DuckDB, and give one."""
    function = node.expression.copy()
    function.set("colon", True)
    items = call("json_transform", node.this, exp.Literal.string('["JSON"]'))
    return call("to_json", exp.Anonymous(this=name, expressions=[items, function]))


def gap(node):
    if isinstance(node, exp.Anonymous) and node.name.upper() in CALLS:
        return call(CALLS[node.name.upper()], *node.expressions)
    if isinstance(node, exp.GetExtract):
        key = node.expression
        return call("_sf_get_key" if key.is_string else "_sf_get_index", node.this, key)
    if isinstance(node, exp.ParseJSON):
        return call("_sf_try_parse" if node.args.get("safe") else "_sf_parse", node.this)
    if isinstance(node, exp.MD5NumberUpper64):
        return call("_sf_md5_upper", node.this)
    if isinstance(node, exp.MD5NumberLower64):
        return call("_sf_md5_lower", node.this)
    if isinstance(node, exp.StripNullValue):
        return call("_sf_strip", node.this)
    if isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.ArrayAgg):
        # ARRAY_AGG leaves out nulls; fakesnow keeps them where there is an order.
        value = node.this.this
        listed = exp.Anonymous(this="list", expressions=[exp.Order(this=value.copy(), expressions=[e.copy() for e in node.expression.expressions])])
        given = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
        return call("to_json", exp.Filter(this=listed, expression=exp.Where(this=given)))
    if isinstance(node, exp.JSONFormat):
        # DuckDB's TO_JSON reads JSON anew, and long numbers as doubles.
        return call("_sf_text", node.this)
    if isinstance(node, exp.Literal) and not node.is_string and len(node.name.replace(".", "")) > 18:
        # DuckDB reads such digits as a float.
        scale = len(node.name.partition(".")[2])
        return exp.cast(exp.Literal.string(node.name), f"decimal(38, {scale})")
    # fakesnow turns these too, but not one inside another. Of an object inside another, a key that is a column stays the
    # column's name so, and a pair without a value stays a pair.
    if isinstance(node, (exp.Struct, exp.JSONObject)):
        return transforms.object_construct(node)
    if isinstance(node, exp.ToVariant):
        return call("to_json", node.this)
    if isinstance(node, exp.ArraySize):
        return call("_sf_array_size", node.this)
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.VARIANT:
        return exp.DataType.build("json")
    if isinstance(node, exp.ArrayCompact):
        return call("_sf_compact", node.this)
    if isinstance(node, exp.Flatten):
        return call("_sf_flatten", node.this)
    if isinstance(node, exp.Transform):
        return higher_order(node, "list_transform")
    if isinstance(node, exp.ArrayFilter):
        return higher_order(node, "list_filter")
    if isinstance(node, exp.ToChar) and node.args.get("format"):
        return formatted(node)
    if isinstance(node, exp.Stuff):
        text, at, dropped, added = (node.this, node.args["start"], node.args["length"], node.expression)
        return call("_sf_insert", text, at, dropped, added)
    if isinstance(node, exp.StrToTime) and "TIMESTAMP" in str(node.args.get("target_type") or ""):
        return exp.TryCast(this=node.this.copy(), to=exp.DataType.build("timestamptz"))
    if isinstance(node, (exp.Anonymous, exp.Func)) and node.sql_name().upper() == "CURRENT_WAREHOUSE":
        return exp.Literal.string("EMULATED")
    if isinstance(node, exp.Collate):
        return node.this.copy()
    if isinstance(node, exp.CollateColumnConstraint):
        return None
    if isinstance(node, exp.Div):
        # DuckDB divides decimals as floats.
        return call("_sf_div", node.left, node.right)
    return node


def is_session_setting(tree):
    return isinstance(tree, exp.Alter) and tree.kind == "SESSION"


def number_types(node):
    """NUMBER(38, 0) holds 38 digits: fakesnow makes it 64 bits."""
    small = (exp.DataType.Type.INT, exp.DataType.Type.SMALLINT, exp.DataType.Type.TINYINT)
    if isinstance(node, exp.DataType) and node.this in small:
        return exp.DataType(this=exp.DataType.Type.BIGINT, nested=False, prefix=False)
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.DECIMAL and not node.expressions:
        return exp.DataType.build("decimal(38, 0)")
    return node


def trimmed(node):
    """A TRIM of something else is of its text; fakesnow forgets which characters are to go."""
    if isinstance(node, exp.Trim) and not isinstance(node.this, exp.Cast):
        node.set("this", exp.cast(node.this, "text"))
    return node


def of_block(tree):
    """The statements of a block that is executed as a text; fakesnow has no blocks."""
    if not isinstance(tree, exp.Command) or tree.name.upper() != "EXECUTE":
        return None
    word, text = sqlglot.tokenize(tree.text("expression"), read="snowflake")
    body = re.fullmatch(r"\s*begin\b(.*)\bend\s*;?\s*", text.text, re.DOTALL | re.IGNORECASE)
    if word.text.upper() != "IMMEDIATE" or not body:
        return None
    return [each for each in sqlglot.parse(body[1], read="snowflake") if each is not None]


def inside_quotes(value):
    """Of texts, and of lists and tuples of them: fakesnow writes names between quotes as they are."""
    if isinstance(value, (list, tuple)):
        return type(value)(inside_quotes(each) for each in value)
    return value.replace("'", "''") if isinstance(value, str) else value


class Answer(Template):
    """What fakesnow says when it has made something."""

    def substitute(self, **said):
        return super().substitute({name: inside_quotes(value) for name, value in said.items()})


def schema_made(cursor, tree):
    """Makes a schema with a quote in its name, which is the current one then."""
    duck, conn = cursor._duck_conn, cursor._conn
    duck.execute(tree.sql(dialect="duckdb"))
    conn.database, conn._schema = tree.this.catalog or conn.database, tree.this.db
    conn.database_set = conn.schema_set = True
    path = ".".join('"' + name.replace('"', '""') + '"' for name in (conn.database, conn._schema))
    duck.execute(f"SET schema = '{inside_quotes(path)}'")
    made = exp.Literal.string(f"Schema {conn._schema} successfully created.")
    return exp.select(exp.alias_(made, "status", quoted=True))


DDL = (exp.Alter, exp.Comment, exp.Create, exp.Drop)


def committing(execute):
    """DDL commits the transaction it stands in, whoever began that; fakesnow does so only without autocommit."""

    def wrapped(self, tree, params=None):
        if isinstance(tree, exp.Transaction):
            self._conn.open_transaction = True
        elif isinstance(tree, (exp.Commit, exp.Rollback)):
            self._conn.open_transaction = False
        elif isinstance(tree, DDL) and getattr(self._conn, "open_transaction", False):
            self._duck_conn.commit()
            self._conn.open_transaction = False
        if isinstance(tree, exp.Create) and tree.kind == "SCHEMA" and "'" in tree.this.db:
            tree = schema_made(self, tree)
        if isinstance(tree, exp.Merge):
            # DuckDB has a MERGE of its own by now. What Snowflake answers is how many rows it changed.
            (changed,) = self._duck_conn.execute(tree.sql(dialect="duckdb")).fetchall()[0]
            tree = exp.select(exp.alias_(exp.Literal.number(changed), "number of rows updated", quoted=True))
        return execute(self, tree, params)

    return wrapped


def quoted(node):
    """Upper case as Snowflake reads it, and in quotes, as DuckDB reserves other words."""
    if isinstance(node, exp.Identifier) and not node.quoted and isinstance(node.this, str):
        return exp.Identifier(this=node.this.upper(), quoted=True)
    return node


def install():
    theirs = FakeSnowflakeCursor._transform
    creation_sql = macros.creation_sql

    def transform(self, tree, params):
        if is_session_setting(tree):
            return SUCCESS_NOP.copy()
        # From the leaves up, as what is put in a node's place is not looked at again.
        for node in reversed(list(tree.walk(bfs=True))):
            made = gap(node)
            if made is None:
                node.pop()
            elif made is not node:
                if node is tree:
                    tree = made
                else:
                    node.replace(made)
        return theirs(self, tree, params)

    FakeSnowflakeCursor._transform = transform
    exploded = FakeSnowflakeCursor._transform_explode
    FakeSnowflakeCursor._transform_explode = lambda self, tree: of_block(tree) or exploded(self, tree)
    # A key that begins with a dollar sign is no path.
    keyed = "json_extract(to_json(input), '/' || replace(replace(x, '~', '~0'), '/', '~1'))"
    macros.creation_sql = lambda catalog: (
        creation_sql(catalog).replace("CAST(TO_JSON(input) -> x AS JSON)", keyed) + MACROS.replace("{c}", catalog)
    )
    FakeSnowflakeCursor._execute = committing(FakeSnowflakeCursor._execute)
    for name, answer in vars(cursor).copy().items():
        if isinstance(answer, Template):
            setattr(cursor, name, Answer(answer.template))
    for name in ("insert_table_comment_sql", "insert_text_lengths_sql"):
        noted = getattr(info_schema, name)
        setattr(info_schema, name, lambda *names, noted=noted: noted(*inside_quotes(names)))
    transforms.upper_case_unquoted_identifiers = quoted
    transforms.merge = lambda tree: [tree]
    transforms.integer_precision = number_types
    transforms.trim_cast_varchar = trimmed
    # It makes decimals floats.
    transforms.numeric_agg_implicit_cast = lambda node: node
    # `$x` inside a text is no variable, and nobody sets any.
    variables.Variables.inline_variables = lambda self, sql: sql
