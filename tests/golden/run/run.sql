-- ensure.sql
-- ensure.schema: schema rollcall
create schema if not exists rollcall;

-- ensure.sql
-- ensure.runs: table runs
create table if not exists rollcall.runs (
  run_id varchar,
  as_of timestamp,
  status varchar,
  started_at timestamp,
  finished_at timestamp,
  invocation varchar,
  run_no bigint,
  error varchar
);

-- ensure.sql
-- ensure.views: views
create or replace view rollcall.memberships as
select
  d.key as audience_key,
  s.identifier as profile_id,
  ms.entered_at,
  r.run_id
from rollcall.member_state as ms
join rollcall.subjects as s on ms.profile_no = s.subject_no
join rollcall.definitions as d on ms.definition_no = d.definition_no
left join rollcall.runs as r on ms.run_no = r.run_no;
create or replace view rollcall.membership_history as
with member_state_together as (
  select
    definition_no,
    profile_no,
    entered_at,
    cast(null as timestamp) as exited_at
  from rollcall.member_state
  union all
  select
    definition_no,
    profile_no,
    entered_at,
    exited_at
  from rollcall.exit_state
)
select
  d.key as audience_key,
  s.identifier as profile_id,
  mst.entered_at,
  mst.exited_at
from member_state_together as mst
join rollcall.subjects as s on mst.profile_no = s.subject_no
join rollcall.definitions as d on mst.definition_no = d.definition_no;
create or replace view rollcall.trait_values as
select
  d.key as trait_key,
  s.identifier as profile_id,
  ts.value,
  ts.number_value,
  ts.text_value,
  ts.updated_at,
  r.run_id
from rollcall.trait_state as ts
join rollcall.subjects as s on ts.profile_no = s.subject_no
join rollcall.definitions as d on ts.definition_no = d.definition_no
left join rollcall.runs as r on ts.run_no = r.run_no;
create or replace view rollcall.entity_memberships as
select
  d.key as audience_key,
  s.identifier as profile_id,
  es.entity,
  es.entity_id,
  es.entered_at,
  r.run_id
from rollcall.entity_state as es
join rollcall.subjects as s on es.profile_no = s.subject_no
join rollcall.definitions as d on es.definition_no = d.definition_no
left join rollcall.runs as r on es.run_no = r.run_no;
create or replace view rollcall.audience_best_customers as
with members as (
  select
    ms.definition_no,
    s.identifier as profile_id,
    ms.entered_at,
    p.user_id,
    p.email,
    p.anonymous_id
  from rollcall.member_state as ms
  join rollcall.subjects as s on ms.profile_no = s.subject_no
  left join rollcall.profiles as p on ms.profile_no = p.profile_no
)
select
  m.profile_id,
  m.entered_at,
  m.user_id,
  m.email,
  m.anonymous_id
from members as m
join rollcall.definitions as d on m.definition_no = d.definition_no
where d.key = 'best_customers';

-- land_web.sql
-- land.web.messages.read: web: web.messages: rows since the last landing
create or replace temporary table rollcall_read_web_messages_ac93d687 as
with messages_together as (
  select
    message_id,
    type,
    event,
    name,
    "timestamp",
    received_at,
    user_id,
    anonymous_id,
    group_id,
    properties,
    traits,
    context,
    source_id
  from web.messages
  where received_at >= timestamp '2026-01-07 00:00:00'
  union all
  select
    message_id,
    type,
    event,
    name,
    "timestamp",
    received_at,
    user_id,
    anonymous_id,
    group_id,
    properties,
    traits,
    context,
    source_id
  from web.messages
  where received_at is null
)
select
  message_id,
  type,
  event,
  name,
  "timestamp",
  received_at,
  user_id,
  anonymous_id,
  group_id,
  properties,
  traits,
  context,
  source_id,
  cast(cast(md5_number(coalesce(type, '') || '␟' || message_id) >> 65 as bigint) as bigint) as rollcall_digest_high,
  cast(cast(md5_number(coalesce(type, '') || '␟' || message_id) & 9223372036854775807 as bigint) as bigint) as rollcall_digest_low
from messages_together;

-- land_web.sql
-- land.web.check: web: counting new rows
with landed_together as (
  select
    digest_high as rollcall_digest_high,
    digest_low as rollcall_digest_low,
    source as landed_source,
    received_at as landed_received_at,
    "timestamp" as landed_timestamp
  from rollcall.landed
  where source = 'web'
    and received_at >= timestamp '2026-01-10 00:00:00' - interval '3 days'
  union all
  select
    digest_high as rollcall_digest_high,
    digest_low as rollcall_digest_low,
    source as landed_source,
    received_at as landed_received_at,
    "timestamp" as landed_timestamp
  from rollcall.landed
  where source = 'web'
    and received_at is null
),
rollcall_new_web_messages_ac93d687_together as (
  select
    0 as what
  from rollcall_new_web_messages_ac93d687
  where rollcall_status = 1
  union all
  select
    1 as what
  from rollcall_new_web_messages_ac93d687
  where rollcall_status = 2
  union all
  select
    2 as what
  from landed_together as lt
  anti join rollcall_read_web_messages_ac93d687 as rrwm on lt.rollcall_digest_high = rrwm.rollcall_digest_high
    and lt.rollcall_digest_low = rrwm.rollcall_digest_low
)
select
  count(*) filter (where what = 0) as new_rows,
  count(*) filter (where what = 1) as corrected,
  count(*) filter (where what = 2) as gone
from rollcall_new_web_messages_ac93d687_together;

-- land_web.sql
-- land.web.messages.read.drop: web: web.messages: rows since the last landing are told apart
drop table if exists rollcall_read_web_messages_ac93d687;

-- land_web.sql
-- land.web.landed: web: remembering what landed
insert into rollcall.landed (source, digest_high, digest_low, received_at, "timestamp")
with rollcall_new_web_messages_ac93d687_values as (
  select
    coalesce(type, '') as stream,
    message_id,
    "timestamp",
    received_at
  from rollcall_new_web_messages_ac93d687
  where rollcall_status = 1
)
select
  'web' as source,
  cast(md5_number(stream || '␟' || message_id) >> 65 as bigint) as digest_high,
  cast(md5_number(stream || '␟' || message_id) & 9223372036854775807 as bigint) as digest_low,
  received_at,
  "timestamp"
from rollcall_new_web_messages_ac93d687_values;

-- land_web.sql
-- land.web.pairs: web: remembering who was seen with whom
merge into rollcall.identity_pairs as t
using (
select
  'web' as source,
  user_id,
  anonymous_id,
  first_at,
  first_id,
  seen_at,
  device_at
from rollcall_pairs_web_2a0d5e56
) as s
on t.source = s.source and t.user_id = s.user_id and t.anonymous_id = s.anonymous_id
when matched then update set first_at = s.first_at, first_id = s.first_id, seen_at = s.seen_at, device_at = s.device_at
when not matched then insert (source, user_id, anonymous_id, first_at, first_id, seen_at, device_at) values (s.source, s.user_id, s.anonymous_id, s.first_at, s.first_id, s.seen_at, s.device_at);

-- land_web.sql
-- land.web.messages.read.drop: web: web.messages: rows since the last landing are told apart
drop table if exists rollcall_read_web_messages_ac93d687;

-- land_web.sql
-- land.web.landed.clear: web: forgetting the last landing
delete from rollcall.landed;

-- land_web.sql
-- land.web.landed: web: remembering what landed
insert into rollcall.landed (source, digest_high, digest_low, received_at, "timestamp")
with messages_values as (
  select
    message_id,
    type,
    "timestamp",
    received_at,
    coalesce(type, '') as rollcall_stream,
    message_id as rollcall_message_id
  from web.messages
),
messages_together as (
  select
    mv.message_id,
    mv.type,
    mv."timestamp",
    mv.received_at
  from messages_values as mv
  anti join rollcall_again_web_messages_ac93d687 as rawm on mv.rollcall_stream = rawm.rollcall_stream
    and mv.rollcall_message_id = rawm.rollcall_message_id
  where mv.rollcall_message_id is not null
  union all
  select
    message_id,
    type,
    "timestamp",
    received_at
  from rollcall_first_web_messages_ac93d687
),
messages_values_2 as (
  select
    coalesce(type, '') as stream,
    message_id,
    "timestamp",
    received_at
  from messages_together
)
select
  'web' as source,
  cast(md5_number(stream || '␟' || message_id) >> 65 as bigint) as digest_high,
  cast(md5_number(stream || '␟' || message_id) & 9223372036854775807 as bigint) as digest_low,
  received_at,
  "timestamp"
from messages_values_2;

-- land_web.sql
-- land.web.pairs: web: who was seen with whom
insert into rollcall.identity_pairs (source, user_id, anonymous_id, first_at, first_id, seen_at, device_at)
with messages_values as (
  select
    message_id,
    type,
    "timestamp",
    user_id,
    anonymous_id,
    context,
    coalesce(type, '') as rollcall_stream,
    message_id as rollcall_message_id
  from web.messages
),
messages_together as (
  select
    mv.message_id,
    mv.type,
    mv."timestamp",
    mv.user_id,
    mv.anonymous_id,
    mv.context
  from messages_values as mv
  anti join rollcall_again_web_messages_ac93d687 as rawm on mv.rollcall_stream = rawm.rollcall_stream
    and mv.rollcall_message_id = rawm.rollcall_message_id
  where mv.rollcall_message_id is not null
  union all
  select
    message_id,
    type,
    "timestamp",
    user_id,
    anonymous_id,
    context
  from rollcall_first_web_messages_ac93d687
),
messages_values_2 as (
  select
    mt.message_id,
    mt."timestamp",
    case when mt.user_id <> '' then mt.user_id end as user_id,
    case when mt.anonymous_id <> '' then mt.anonymous_id end as anonymous_id,
    coalesce(mt.type in ('track', 'page', 'screen', 'identify'), false) as in_universe,
    case
      when case when mt.user_id <> '' then mt.user_id end is null
          and coalesce(mt.type in ('track', 'page', 'screen', 'identify'), false)
          and lower(cast(nullif(json_extract(cast(mt.context as json), '$.device.type'), 'null') as varchar)) in ('"android"', '"ios"') then coalesce(starts_with(cast(nullif(json_extract(cast(mt.context as json), '$.device.advertisingId'), 'null') as varchar), '"')
            and cast(nullif(json_extract(cast(mt.context as json), '$.device.advertisingId'), 'null') as varchar) <> '""', false)
      else false
    end as has_device
  from messages_together as mt
)
select
  'web' as source,
  coalesce(mv.user_id, '') as user_id,
  coalesce(mv.anonymous_id, '') as anonymous_id,
  min(mv."timestamp") as first_at,
  arg_min(mv.message_id, create_sort_key(mv."timestamp", 'asc nulls last', mv.message_id, 'asc nulls last')) as first_id,
  min(mv."timestamp") filter (where mv.in_universe) as seen_at,
  min(mv."timestamp") filter (where mv.has_device) as device_at
from messages_values_2 as mv
where mv.message_id is not null
  and mv."timestamp" is not null
  and (mv.user_id is not null or mv.anonymous_id is not null)
group by 2, 3;

-- identity.sql
-- identity.seen: identity: everyone seen
create or replace temporary table rollcall_seen as
with rollcall_pairs_web_2a0d5e56_together as (
  select
    'user_id' as identifier_type,
    user_id as identifier
  from rollcall_pairs_web_2a0d5e56
  where user_id <> ''
  union all
  select
    'anonymous_id' as identifier_type,
    anonymous_id as identifier
  from rollcall_pairs_web_2a0d5e56
  where anonymous_id <> ''
),
rollcall_pairs_web_2a0d5e56_values as (
  select
    identifier as user_id
  from rollcall_pairs_web_2a0d5e56_together
  where identifier_type = 'user_id'
),
rollcall_pairs_web_2a0d5e56_values_2 as (
  select
    identifier as anonymous_id
  from rollcall_pairs_web_2a0d5e56_together
  where identifier_type = 'anonymous_id'
),
identity_pairs_together as (
  select
    'user_id' as identifier_type,
    ip.user_id as identifier,
    ip.first_at,
    ip.first_id,
    ip.seen_at,
    ip.device_at,
    cast(null as varchar) as owner
  from rollcall.identity_pairs as ip
  semi join rollcall_pairs_web_2a0d5e56_values as rpwa on ip.user_id = rpwa.user_id
  where ip.user_id <> ''
  union all
  select
    'anonymous_id' as identifier_type,
    ip.anonymous_id as identifier,
    ip.first_at,
    ip.first_id,
    ip.seen_at,
    ip.device_at,
    case when ip.user_id <> '' then ip.user_id end as owner
  from rollcall.identity_pairs as ip
  semi join rollcall_pairs_web_2a0d5e56_values_2 as rpwa on ip.anonymous_id = rpwa.anonymous_id
  where ip.anonymous_id <> ''
),
identity_pairs_grouped as (
  select
    identifier_type,
    identifier
  from identity_pairs_together
  group by 1, 2
  having count(*) > 1
),
identity_pairs_together_2 as (
  select
    ipt.identifier_type,
    ipt.identifier,
    ipt.first_at,
    ipt.first_id,
    ipt.seen_at,
    ipt.device_at,
    ipt.owner,
    case when ipt.owner is not null then ipt.first_at end as owner_at
  from identity_pairs_together as ipt
  anti join identity_pairs_grouped as ipg on ipt.identifier_type = ipg.identifier_type
    and ipt.identifier = ipg.identifier
  union all
  select
    ipt.identifier_type,
    ipt.identifier,
    min(ipt.first_at) as first_at,
    arg_min(ipt.first_id, create_sort_key(ipt.first_at, 'asc nulls last', ipt.first_id, 'asc nulls last')) as first_id,
    min(ipt.seen_at) as seen_at,
    min(ipt.device_at) as device_at,
    arg_min(ipt.owner, create_sort_key(ipt.first_at, 'asc nulls last', ipt.first_id, 'asc nulls last', ipt.owner, 'asc nulls last')) as owner,
    min(ipt.first_at) filter (where ipt.owner is not null) as owner_at
  from identity_pairs_together as ipt
  semi join identity_pairs_grouped as ipg on ipt.identifier_type = ipg.identifier_type
    and ipt.identifier = ipg.identifier
  group by 1, 2
)
select
  identifier_type,
  identifier,
  first_at,
  first_id,
  seen_at,
  device_at,
  owner,
  owner_at
from identity_pairs_together_2;

-- identity.sql
-- identity.users: identity: new users remembered
insert into rollcall.subjects (subject_no, identifier_type, identifier, profile_no, first_at, first_id, seen_at, device_at, owner_no, owner_at)
select
  subject_no,
  identifier_type,
  identifier,
  profile_no,
  first_at,
  first_id,
  seen_at,
  device_at,
  owner_no,
  owner_at
from rollcall_new_users;

-- identity.sql
-- identity.subjects: identity: the map
merge into rollcall.subjects as t
using (
select
  subject_no,
  first_at,
  first_id,
  seen_at,
  device_at,
  owner_no,
  owner_at
from rollcall_changed_subjects
) as s
on t.subject_no = s.subject_no
when matched then update set first_at = s.first_at, first_id = s.first_id, seen_at = s.seen_at, device_at = s.device_at, owner_no = s.owner_no, owner_at = s.owner_at;

-- identity.sql
-- identity.moved: identity: how many changed hands
select
  count(*) as n
from rollcall_reassigned;

-- identity.sql
-- identity.drop.rollcall_seen: identity: done with it
drop table if exists rollcall_seen;

-- identity.sql
-- identity.moved: identity: how many changed hands
select
  count(*) as n
from rollcall_reassigned;

-- facts_web.sql
-- land.web.events2: web: events with whom they are about
create or replace temporary table rollcall_events_web_4ecfc90d as
with rollcall_new_web_messages_ac93d687_values as (
  select
    "timestamp",
    user_id,
    anonymous_id,
    properties,
    source_id,
    event as rollcall_event
  from rollcall_new_web_messages_ac93d687
  where rollcall_status = 1
    and type = 'track'
),
rollcall_new_web_messages_ac93d687_values_2 as (
  select
    rnwm."timestamp",
    case when rnwm.user_id <> '' then rnwm.user_id end as user_id,
    case when rnwm.anonymous_id <> '' then rnwm.anonymous_id end as anonymous_id,
    rnwm.source_id,
    g.rollcall_event_no as event_no,
    case
      when g.rollcall_event_no in (0) then nullif(json_extract(cast(rnwm.properties as json), '$.price'), 'null')
    end as rollcall_value_1,
    case
      when g.rollcall_event_no in (1) then nullif(json_extract(cast(rnwm.properties as json), '$.category'), 'null')
    end as rollcall_value_2,
    case
      when g.rollcall_event_no in (1) then nullif(json_extract(cast(rnwm.properties as json), '$.sku'), 'null')
    end as rollcall_value_3
  from rollcall_new_web_messages_ac93d687_values as rnwm
  join (values
    ('Product Added', 0),
    ('Product Viewed', 1)
  ) as g(rollcall_event, rollcall_event_no) on rnwm.rollcall_event = g.rollcall_event
),
rollcall_new_web_messages_ac93d687_values_3 as (
  select
    "timestamp",
    source_id,
    event_no,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as price_number_3c515f6f,
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as price_text_fc73b706,
    case
      when starts_with(rollcall_value_2, '"') then case when contains(rollcall_value_2, '\') then json_extract_string(rollcall_value_2, '$') else substr(rollcall_value_2, 2, length(rollcall_value_2) - 2) end
      when rollcall_value_2 = 'null' then null
      when left(rollcall_value_2, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_2, '.') or contains(rollcall_value_2, 'e') or contains(rollcall_value_2, 'E') or contains(rollcall_value_2, '-0')) then cast(rollcall_value_2 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_2 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_2 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_2 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_2 as varchar))
    end as category_text_fae286a4,
    case
      when regexp_full_match(rollcall_value_3, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_3 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_3 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_3, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_3, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_3, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_3, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_3, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as sku_number_94dc4a55,
    case
      when starts_with(rollcall_value_3, '"') then case when contains(rollcall_value_3, '\') then json_extract_string(rollcall_value_3, '$') else substr(rollcall_value_3, 2, length(rollcall_value_3) - 2) end
      when rollcall_value_3 = 'null' then null
      when left(rollcall_value_3, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_3, '.') or contains(rollcall_value_3, 'e') or contains(rollcall_value_3, 'E') or contains(rollcall_value_3, '-0')) then cast(rollcall_value_3 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_3 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_3 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_3 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_3 as varchar))
    end as sku_text_4bd66640,
    case when user_id is not null then 'user_id' else 'anonymous_id' end as identifier_type,
    coalesce(user_id, anonymous_id) as identifier
  from rollcall_new_web_messages_ac93d687_values_2
  where "timestamp" is not null
)
select
  cast(rnwm.event_no as bigint) as event_no,
  cast(s.subject_no as bigint) as subject_no,
  cast(s.profile_no as bigint) as profile_no,
  rnwm."timestamp",
  rnwm.source_id,
  rnwm.category_text_fae286a4,
  cast(rnwm.price_number_3c515f6f as decimal(38, 9)) as price_number_3c515f6f,
  rnwm.price_text_fc73b706,
  cast(rnwm.sku_number_94dc4a55 as decimal(38, 9)) as sku_number_94dc4a55,
  rnwm.sku_text_4bd66640
from rollcall_new_web_messages_ac93d687_values_3 as rnwm
join rollcall.subjects as s on rnwm.identifier_type = s.identifier_type
  and rnwm.identifier = s.identifier
order by event_no, "timestamp";

-- facts_web.sql
-- land.web.facts.Product Added: web: facts of Product Added
insert into rollcall.facts_web_product_added_fbd7c273 (subject_no, profile_no, "timestamp", source_id, run_no, price_number_3c515f6f, price_text_fc73b706)
select
  subject_no,
  profile_no,
  "timestamp",
  source_id,
  2 as run_no,
  price_number_3c515f6f,
  price_text_fc73b706
from rollcall_events_web_4ecfc90d
where event_no = 0;

-- facts_web.sql
-- land.web.audit: web: rows left out
select
  count(*) filter (where "timestamp" is null) as rows_without_timestamp,
  count(*) filter (where message_id is null) as rows_without_id
from rollcall_new_web_messages_ac93d687;

-- facts_web.sql
-- land.web.events2: web: events with whom they are about
create or replace temporary table rollcall_events_web_4ecfc90d as
with messages_values as (
  select
    type,
    event,
    "timestamp",
    user_id,
    anonymous_id,
    properties,
    source_id,
    coalesce(type, '') as rollcall_stream,
    message_id as rollcall_message_id
  from web.messages
),
messages_together as (
  select
    mv.type,
    mv.event,
    mv."timestamp",
    mv.user_id,
    mv.anonymous_id,
    mv.properties,
    mv.source_id
  from messages_values as mv
  anti join rollcall_again_web_messages_ac93d687 as rawm on mv.rollcall_stream = rawm.rollcall_stream
    and mv.rollcall_message_id = rawm.rollcall_message_id
  where mv.rollcall_message_id is not null
  union all
  select
    type,
    event,
    "timestamp",
    user_id,
    anonymous_id,
    properties,
    source_id
  from rollcall_first_web_messages_ac93d687
),
messages_values_2 as (
  select
    "timestamp",
    user_id,
    anonymous_id,
    properties,
    source_id,
    event as rollcall_event
  from messages_together
  where type = 'track'
),
messages_values_3 as (
  select
    mv."timestamp",
    case when mv.user_id <> '' then mv.user_id end as user_id,
    case when mv.anonymous_id <> '' then mv.anonymous_id end as anonymous_id,
    mv.source_id,
    g.rollcall_event_no as event_no,
    case
      when g.rollcall_event_no in (0) then nullif(json_extract(cast(mv.properties as json), '$.price'), 'null')
    end as rollcall_value_1,
    case
      when g.rollcall_event_no in (1) then nullif(json_extract(cast(mv.properties as json), '$.category'), 'null')
    end as rollcall_value_2,
    case
      when g.rollcall_event_no in (1) then nullif(json_extract(cast(mv.properties as json), '$.sku'), 'null')
    end as rollcall_value_3
  from messages_values_2 as mv
  join (values
    ('Product Added', 0),
    ('Product Viewed', 1)
  ) as g(rollcall_event, rollcall_event_no) on mv.rollcall_event = g.rollcall_event
),
messages_values_4 as (
  select
    "timestamp",
    source_id,
    event_no,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as price_number_3c515f6f,
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as price_text_fc73b706,
    case
      when starts_with(rollcall_value_2, '"') then case when contains(rollcall_value_2, '\') then json_extract_string(rollcall_value_2, '$') else substr(rollcall_value_2, 2, length(rollcall_value_2) - 2) end
      when rollcall_value_2 = 'null' then null
      when left(rollcall_value_2, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_2, '.') or contains(rollcall_value_2, 'e') or contains(rollcall_value_2, 'E') or contains(rollcall_value_2, '-0')) then cast(rollcall_value_2 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_2 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_2 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_2 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_2 as varchar))
    end as category_text_fae286a4,
    case
      when regexp_full_match(rollcall_value_3, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_3 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_3 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_3, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_3, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_3, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_3, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_3, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as sku_number_94dc4a55,
    case
      when starts_with(rollcall_value_3, '"') then case when contains(rollcall_value_3, '\') then json_extract_string(rollcall_value_3, '$') else substr(rollcall_value_3, 2, length(rollcall_value_3) - 2) end
      when rollcall_value_3 = 'null' then null
      when left(rollcall_value_3, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_3, '.') or contains(rollcall_value_3, 'e') or contains(rollcall_value_3, 'E') or contains(rollcall_value_3, '-0')) then cast(rollcall_value_3 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_3 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_3 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_3 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_3 as varchar))
    end as sku_text_4bd66640,
    case when user_id is not null then 'user_id' else 'anonymous_id' end as identifier_type,
    coalesce(user_id, anonymous_id) as identifier
  from messages_values_3
  where "timestamp" is not null
)
select
  cast(mv.event_no as bigint) as event_no,
  cast(s.subject_no as bigint) as subject_no,
  cast(s.profile_no as bigint) as profile_no,
  mv."timestamp",
  mv.source_id,
  mv.category_text_fae286a4,
  cast(mv.price_number_3c515f6f as decimal(38, 9)) as price_number_3c515f6f,
  mv.price_text_fc73b706,
  cast(mv.sku_number_94dc4a55 as decimal(38, 9)) as sku_number_94dc4a55,
  mv.sku_text_4bd66640
from messages_values_4 as mv
join rollcall.subjects as s on mv.identifier_type = s.identifier_type
  and mv.identifier = s.identifier
order by event_no, "timestamp";

-- facts_web.sql
-- land.web.facts.Product Added: web: facts of Product Added
create or replace table rollcall.facts_web_product_added_fbd7c273 (
  subject_no bigint,
  profile_no bigint,
  "timestamp" timestamp,
  source_id varchar,
  run_no bigint,
  price_number_3c515f6f decimal(38, 9) using compression uncompressed,
  price_text_fc73b706 varchar
);

insert into rollcall.facts_web_product_added_fbd7c273 (subject_no, profile_no, "timestamp", source_id, run_no, price_number_3c515f6f, price_text_fc73b706)
select
  cast(rewe.subject_no as bigint) as subject_no,
  cast(rewe.profile_no as bigint) as profile_no,
  rewe."timestamp",
  rewe.source_id,
  cast(2 as bigint) as run_no,
  cast(rewe.price_number_3c515f6f as decimal(38, 9)) as price_number_3c515f6f,
  rewe.price_text_fc73b706
from rollcall_events_web_4ecfc90d as rewe
where rewe.event_no = 0;

-- shared.sql
-- shared.profiles.now: profiles
create or replace temporary table rollcall_profiles_now as
with subjects_grouped as (
  select
    s.profile_no,
    min(s.seen_at) as seen_at,
    min(s.device_at) as device_at,
    min(s.first_at) filter (where s.first_at <= timestamp '2026-03-01 00:00:00' and s.identifier_type = 'user_id') as user_id_at,
    min(s.first_at) filter (where s.first_at <= timestamp '2026-03-01 00:00:00' and s.identifier_type = 'anonymous_id') as anonymous_id_at
  from rollcall.subjects as s
  group by 1
),
subjects_filtered as (
  select
    profile_no,
    seen_at,
    device_at,
    user_id_at,
    anonymous_id_at
  from subjects_grouped
  where seen_at <= timestamp '2026-03-01 00:00:00'
),
subjects_grouped_2 as (
  select
    s.profile_no,
    sf.device_at,
    min(s.subject_no) filter (where s.identifier_type = 'user_id') as user_id_no,
    max(s.subject_no) filter (where s.identifier_type = 'user_id') as user_id_last_no,
    min(s.subject_no) filter (where s.identifier_type = 'anonymous_id') as anonymous_id_no,
    max(s.subject_no) filter (where s.identifier_type = 'anonymous_id') as anonymous_id_last_no
  from rollcall.subjects as s
  join subjects_filtered as sf on s.profile_no = sf.profile_no
  where (s.identifier_type = 'user_id' and s.first_at = sf.user_id_at)
    or (s.identifier_type = 'anonymous_id' and s.first_at = sf.anonymous_id_at)
  group by 1, 2
),
subjects_filtered_2 as (
  select
    profile_no,
    device_at,
    user_id_no,
    user_id_last_no,
    anonymous_id_no,
    anonymous_id_last_no
  from subjects_grouped_2
  where user_id_no <> user_id_last_no or anonymous_id_no <> anonymous_id_last_no
),
subjects_grouped_3 as (
  select
    s.profile_no,
    arg_min(s.subject_no, s.first_id) filter (where s.identifier_type = 'user_id') as user_id_decided,
    arg_min(s.subject_no, s.first_id) filter (where s.identifier_type = 'anonymous_id') as anonymous_id_decided
  from rollcall.subjects as s
  semi join subjects_filtered_2 as sf on s.profile_no = sf.profile_no
  join subjects_filtered as sf2 on s.profile_no = sf2.profile_no
  where (s.identifier_type = 'user_id' and s.first_at = sf2.user_id_at)
    or (s.identifier_type = 'anonymous_id' and s.first_at = sf2.anonymous_id_at)
  group by 1
),
subjects_joined as (
  select
    sg.profile_no,
    sg.device_at,
    coalesce(sg2.user_id_decided, sg.user_id_no) as user_id_no,
    coalesce(sg2.anonymous_id_decided, sg.anonymous_id_no) as anonymous_id_no,
    s.identifier_type as head_type,
    s.identifier as profile_id
  from subjects_grouped_2 as sg
  left join subjects_grouped_3 as sg2 on sg.profile_no = sg2.profile_no
  join rollcall.subjects as s on sg.profile_no = s.subject_no
),
facts_web_identify_95ad6f7e_filtered as (
  select
    profile_no,
    "timestamp",
    message_id,
    'web' as origin,
    email_mention_b7361bd7
  from rollcall.facts_web_identify_95ad6f7e
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
    and email_mention_b7361bd7 is not null
),
facts_web_identify_95ad6f7e_grouped as (
  select
    profile_no,
    max("timestamp") as extreme_at
  from facts_web_identify_95ad6f7e_filtered
  group by 1
),
facts_web_identify_95ad6f7e_values as (
  select
    fwia.profile_no,
    fwia.message_id,
    fwia.origin,
    fwia.email_mention_b7361bd7
  from facts_web_identify_95ad6f7e_filtered as fwia
  join facts_web_identify_95ad6f7e_grouped as fwia2 on fwia.profile_no = fwia2.profile_no
    and fwia."timestamp" = fwia2.extreme_at
),
facts_web_identify_95ad6f7e_grouped_2 as (
  select
    profile_no
  from facts_web_identify_95ad6f7e_values
  group by 1
  having count(*) > 1
),
facts_web_identify_95ad6f7e_together as (
  select
    fwia.profile_no,
    fwia.email_mention_b7361bd7
  from facts_web_identify_95ad6f7e_values as fwia
  anti join facts_web_identify_95ad6f7e_grouped_2 as fwia2 on fwia.profile_no = fwia2.profile_no
  union all
  select
    fwia.profile_no,
    arg_max(fwia.email_mention_b7361bd7, create_sort_key(fwia.message_id, 'asc nulls last', fwia.origin, 'asc nulls last')) as email_mention_b7361bd7
  from facts_web_identify_95ad6f7e_values as fwia
  semi join facts_web_identify_95ad6f7e_grouped_2 as fwia2 on fwia.profile_no = fwia2.profile_no
  group by 1
),
facts_web_identify_95ad6f7e_filtered_2 as (
  select
    profile_no,
    "timestamp",
    message_id,
    origin,
    email_mention_b7361bd7
  from facts_web_identify_95ad6f7e_filtered
  where not (email_mention_b7361bd7 = 'null')
),
facts_web_identify_95ad6f7e_grouped_3 as (
  select
    profile_no,
    min("timestamp") as extreme_at
  from facts_web_identify_95ad6f7e_filtered_2
  group by 1
),
facts_web_identify_95ad6f7e_values_2 as (
  select
    fwia.profile_no,
    fwia.message_id,
    fwia.origin,
    fwia.email_mention_b7361bd7
  from facts_web_identify_95ad6f7e_filtered_2 as fwia
  join facts_web_identify_95ad6f7e_grouped_3 as fwia2 on fwia.profile_no = fwia2.profile_no
    and fwia."timestamp" = fwia2.extreme_at
),
facts_web_identify_95ad6f7e_grouped_4 as (
  select
    profile_no
  from facts_web_identify_95ad6f7e_values_2
  group by 1
  having count(*) > 1
),
facts_web_identify_95ad6f7e_together_2 as (
  select
    fwia.profile_no,
    fwia.email_mention_b7361bd7
  from facts_web_identify_95ad6f7e_values_2 as fwia
  anti join facts_web_identify_95ad6f7e_grouped_4 as fwia2 on fwia.profile_no = fwia2.profile_no
  union all
  select
    fwia.profile_no,
    arg_min(fwia.email_mention_b7361bd7, create_sort_key(fwia.message_id, 'asc nulls last', fwia.origin, 'asc nulls last')) as email_mention_b7361bd7
  from facts_web_identify_95ad6f7e_values_2 as fwia
  semi join facts_web_identify_95ad6f7e_grouped_4 as fwia2 on fwia.profile_no = fwia2.profile_no
  group by 1
),
facts_web_identify_95ad6f7e_values_3 as (
  select
    profile_no,
    case
      when starts_with(email_mention_b7361bd7, '"') then case when contains(email_mention_b7361bd7, '\') then json_extract_string(email_mention_b7361bd7, '$') else substr(email_mention_b7361bd7, 2, length(email_mention_b7361bd7) - 2) end
      when email_mention_b7361bd7 = 'null' then null
      when left(email_mention_b7361bd7, 1) in ('{', '[', 't', 'f') or not (contains(email_mention_b7361bd7, '.') or contains(email_mention_b7361bd7, 'e') or contains(email_mention_b7361bd7, 'E') or contains(email_mention_b7361bd7, '-0')) then cast(email_mention_b7361bd7 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(email_mention_b7361bd7 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(email_mention_b7361bd7 as varchar) as decimal(18, 9)), try_cast(cast(email_mention_b7361bd7 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(email_mention_b7361bd7 as varchar))
    end as email
  from facts_web_identify_95ad6f7e_together_2
),
facts_web_identify_95ad6f7e_values_4 as (
  select
    fwia.profile_no,
    fwia2.email,
    case
      when starts_with(fwia.email_mention_b7361bd7, '"') then case when contains(fwia.email_mention_b7361bd7, '\') then json_extract_string(fwia.email_mention_b7361bd7, '$') else substr(fwia.email_mention_b7361bd7, 2, length(fwia.email_mention_b7361bd7) - 2) end
      when fwia.email_mention_b7361bd7 = 'null' then null
      when left(fwia.email_mention_b7361bd7, 1) in ('{', '[', 't', 'f') or not (contains(fwia.email_mention_b7361bd7, '.') or contains(fwia.email_mention_b7361bd7, 'e') or contains(fwia.email_mention_b7361bd7, 'E') or contains(fwia.email_mention_b7361bd7, '-0')) then cast(fwia.email_mention_b7361bd7 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(fwia.email_mention_b7361bd7 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(fwia.email_mention_b7361bd7 as varchar) as decimal(18, 9)), try_cast(cast(fwia.email_mention_b7361bd7 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(fwia.email_mention_b7361bd7 as varchar))
    end as latest_email
  from facts_web_identify_95ad6f7e_together as fwia
  left join facts_web_identify_95ad6f7e_values_3 as fwia2 on fwia.profile_no = fwia2.profile_no
)
select
  cast(sj.profile_no as bigint) as profile_no,
  case when sj.head_type = 'user_id' then 'user' else 'anonymous' end as profile_kind,
  sj.profile_id,
  sj.head_type = 'user_id'
    or fwia.email is not null
    or coalesce(sj.device_at <= timestamp '2026-03-01 00:00:00', false) as known,
  s.identifier as user_id,
  fwia.email,
  s2.identifier as anonymous_id,
  fwia.latest_email
from subjects_joined as sj
left join rollcall.subjects as s on sj.user_id_no = s.subject_no
left join rollcall.subjects as s2 on sj.anonymous_id_no = s2.subject_no
left join facts_web_identify_95ad6f7e_values_4 as fwia on sj.profile_no = fwia.profile_no;

-- shared.sql
-- shared.profiles.forget: profiles replaced
delete from rollcall.profiles as t
using (
select
  profile_no
from rollcall_profiles_changed
) as s
where t.profile_no = s.profile_no;

-- shared.sql
-- shared.profiles: profiles stored
insert into rollcall.profiles (profile_no, profile_kind, profile_id, known, user_id, email, anonymous_id, latest_email, run_no)
select
  rpn.profile_no,
  rpn.profile_kind,
  rpn.profile_id,
  rpn.known,
  rpn.user_id,
  rpn.email,
  rpn.anonymous_id,
  rpn.latest_email,
  2 as run_no
from rollcall_profiles_now as rpn
semi join rollcall_profiles_changed as rpc on rpn.profile_no = rpc.profile_no;

-- shared.sql
-- shared.drop.rollcall_profiles_now: done with it
drop table if exists rollcall_profiles_now;

-- shared.sql
-- shared.made: for whom and when
merge into rollcall.meta as t
using (
with profiles_grouped as (
  select
    count(*) as size
  from rollcall.profiles
),
subjects_grouped as (
  select
    coalesce(max(subject_no), 0) as last
  from rollcall.subjects
)
select
  'profiles_made' as name,
  cast(2 as varchar) || ' ' || cast(epoch_us(timestamp '2026-03-01 00:00:00') as varchar) || ' ' || cast(pg.size as varchar) || ' ' || cast(sg.last as varchar) as value
from profiles_grouped as pg
cross join subjects_grouped as sg
) as s
on t.name = s.name
when matched then update set value = s.value
when not matched then insert (name, value) values (s.name, s.value);

-- frequent_buyers.sql
-- compute.frequent_buyers: frequent_buyers: computing
insert into rollcall_stage_members (definition_no, profile_no)
with Order_Completed_count as (
  select
    profile_no
  from rollcall.facts_web_order_completed_45a1a488
  where "timestamp" >= timestamp '2026-03-01 00:00:00' - interval '30 days'
    and "timestamp" <= timestamp '2026-03-01 00:00:00'
    and currency_text_f67f6e36 = 'EUR'
    and revenue_number_37096fa2 >= 10
  group by 1
  having count(*) >= 3
),
profiles_values as (
  select
    profile_no
  from rollcall.profiles
  where known
)
select
  7 as definition_no,
  occ.profile_no
from Order_Completed_count as occ
semi join profiles_values as pv on occ.profile_no = pv.profile_no;

-- revenue.sql
-- compute.revenue: revenue: computing
insert into rollcall_stage_values (definition_no, profile_no, value, number_value, text_value)
with Order_Completed_sum as (
  select
    profile_no,
    case
      when list(revenue_number_37096fa2) filter (where revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000) is null then sum(case when revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then revenue_number_37096fa2 else revenue_number_37096fa2 % 1 end)
      else list_reduce([try_cast((list_sum(list_transform(list(revenue_number_37096fa2) filter (where revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(sum(case when revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then revenue_number_37096fa2 else revenue_number_37096fa2 % 1 end) - sum(case when revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then revenue_number_37096fa2 else revenue_number_37096fa2 % 1 end) % 1 as hugeint)) - sign((list_sum(list_transform(list(revenue_number_37096fa2) filter (where revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(sum(case when revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then revenue_number_37096fa2 else revenue_number_37096fa2 % 1 end) - sum(case when revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then revenue_number_37096fa2 else revenue_number_37096fa2 % 1 end) % 1 as hugeint))) as decimal(38, 9)),
      cast(sign((list_sum(list_transform(list(revenue_number_37096fa2) filter (where revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(sum(case when revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then revenue_number_37096fa2 else revenue_number_37096fa2 % 1 end) - sum(case when revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then revenue_number_37096fa2 else revenue_number_37096fa2 % 1 end) % 1 as hugeint))) as decimal(38, 9)) + sum(case when revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then revenue_number_37096fa2 else revenue_number_37096fa2 % 1 end) % 1], lambda rc__a, rc__b: try(rc__a + rc__b))
    end as order_completed_sum_13f4fc13
  from rollcall.facts_web_order_completed_45a1a488
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1
),
profiles_values as (
  select
    profile_no
  from rollcall.profiles
  where known
)
select
  2 as definition_no,
  ocs.profile_no,
  rtrim(rtrim(cast(cast(ocs.order_completed_sum_13f4fc13 as decimal(38, 9)) as varchar), '0'), '.') as value,
  cast(ocs.order_completed_sum_13f4fc13 as decimal(38, 9)) as number_value,
  rtrim(rtrim(cast(cast(ocs.order_completed_sum_13f4fc13 as decimal(38, 9)) as varchar), '0'), '.') as text_value
from Order_Completed_sum as ocs
semi join profiles_values as pv on ocs.profile_no = pv.profile_no
where ocs.order_completed_sum_13f4fc13 is not null;

-- publish.sql
-- publish.computed: what was computed
create or replace temporary table rollcall_computed as
select
  cast(g.definition_no as bigint) as definition_no,
  g.definition_key,
  g.kind,
  g.whole,
  g.relation
from (values
    (2, 'revenue', 'trait', true, cast(null as varchar)),
    (7, 'frequent_buyers', 'audience', true, cast(null as varchar))
  ) as g(definition_no, definition_key, kind, whole, relation);

-- publish.sql
-- publish.counts: counts
select
  definition_no,
  definition_key,
  size,
  entered,
  exited,
  changed
from rollcall_diff_counts;

-- publish.sql
-- publish.snapshots: snapshots
insert into rollcall.snapshots (definition_key, run_id, as_of, size, entered, exited, changed)
with rows_found as materialized (
with rollcall_diff_counts_values as (
  select
    definition_key,
    'compiled' as run_id,
    timestamp '2026-03-01 00:00:00' as as_of,
    size,
    entered,
    exited,
    changed,
    case when entered + exited + changed = 0 then definition_key end as key_if_same
  from rollcall_diff_counts
),
snapshots_filtered as (
  select
    definition_key,
    run_id,
    as_of,
    size,
    entered,
    exited,
    changed
  from rollcall.snapshots
  where as_of = timestamp '2026-03-01 00:00:00'
)
select
  rdcv.definition_key,
  rdcv.run_id,
  rdcv.as_of,
  rdcv.size,
  rdcv.entered,
  rdcv.exited,
  rdcv.changed
from rollcall_diff_counts_values as rdcv
anti join snapshots_filtered as sf on rdcv.key_if_same = sf.definition_key
)
select definition_key, run_id, as_of, size, entered, exited, changed
from rows_found;

-- publish.sql
-- publish.computations.clear: forgetting how it was computed before
delete from rollcall.computations as t
using (
select
  definition_no
from rollcall_computations
) as s
where t.definition_no = s.definition_no;

-- messages.sql
-- outbox.rollcall_outbox_ways: ways out of definitions
create or replace temporary table rollcall_outbox_ways as
select
  cast(g.way as bigint) as way,
  g.destination_key,
  g.definition_key,
  cast(g.definition_no as bigint) as definition_no,
  g.end_value,
  g.people,
  g.accounts
from (values
    (1, 'crm', 'revenue', 2, 'null', 'people trait users all', cast(null as varchar)),
    (2, 'crm', 'frequent_buyers', 7, 'false', 'people audience users all', cast(null as varchar))
  ) as g(way, destination_key, definition_key, definition_no, end_value, people, accounts);

-- messages.sql
-- outbox.counts: counting
select
  way,
  count(*) filter (where not (identifier_type = 'group_id')) as people,
  count(*) filter (where identifier_type = 'group_id') as accounts
from rollcall_outbox_changes
group by 1;

-- messages.sql
-- outbox.messages: messages
insert into rollcall.outbox (message_id, destination_key, definition_key, profile_id, run_id, payload, created_at, message_type, identifier_type, identifier, value, run_no)
with rollcall_outbox_changes_values as (
  select
    roc.way,
    roc.identifier_type,
    roc.identifier,
    roc.profile_no,
    roc.value,
    roc.repeats,
    s.identifier as profile_id,
    p.latest_email,
    rok.is_group,
    rok.destination_key,
    rok.definition_key,
    rok.message_type,
    rok.form,
    rok.fixed,
    rok.label,
    rok.event_true,
    rok.event_other,
    rok.personas,
    'rc_' || sha256(rok.fixed || case when roc.repeats > 0 then ' ' || cast(roc.repeats as varchar) else '' end || ' ' || roc.identifier_type || ' ' || (replace(cast(timestamp '2026-03-01 00:00:00' as varchar), ' ', 'T') || 'Z') || ' ' || roc.value || ' ' || roc.identifier) as message_id
  from rollcall_outbox_changes as roc
  join rollcall.subjects as s on roc.profile_no = s.subject_no
  left join rollcall.profiles as p on roc.profile_no = p.profile_no
  join rollcall_outbox_kinds as rok on roc.way = rok.way
  where rok.is_group = (roc.identifier_type = 'group_id')
)
select
  message_id,
  destination_key,
  definition_key,
  profile_id,
  'compiled' as run_id,
  case
    when form = 'identify' then cast(cast('{' || concat_ws(',', '"type":' || cast(cast('"identify"' as json) as varchar), '"userId":' || cast(case when identifier_type = 'user_id' then to_json(identifier) end as varchar), '"anonymousId":' || cast(case when not (identifier_type = 'user_id') then to_json(identifier) end as varchar), '"traits":' || cast(cast('{' || concat_ws(',', cast(to_json(definition_key) as varchar) || ':' || cast(try_cast(value as json) as varchar), '"email":' || cast(to_json(latest_email) as varchar)) || '}' as json) as varchar), '"messageId":' || cast(to_json(message_id) as varchar), '"timestamp":' || cast(to_json((replace(cast(timestamp '2026-03-01 00:00:00' as varchar), ' ', 'T') || 'Z')) as varchar), '"context":' || cast(cast('{' || concat_ws(',', '"personas":' || cast(personas as varchar)) || '}' as json) as varchar)) || '}' as json) as varchar)
    else cast(cast('{' || concat_ws(',', '"type":' || cast(cast('"track"' as json) as varchar), '"event":' || cast(case when value = 'true' then event_true else event_other end as varchar), '"userId":' || cast(case when identifier_type = 'user_id' then to_json(identifier) end as varchar), '"anonymousId":' || cast(case when not (identifier_type = 'user_id') then to_json(identifier) end as varchar), '"properties":' || cast(cast('{' || concat_ws(',', cast(to_json(label) as varchar) || ':' || cast(to_json(definition_key) as varchar), cast(to_json(definition_key) as varchar) || ':' || cast(try_cast(value as json) as varchar)) || '}' as json) as varchar), '"messageId":' || cast(to_json(message_id) as varchar), '"timestamp":' || cast(to_json((replace(cast(timestamp '2026-03-01 00:00:00' as varchar), ' ', 'T') || 'Z')) as varchar), '"context":' || cast(cast('{' || concat_ws(',', '"traits":' || cast(case
              when latest_email is not null then cast('{' || concat_ws(',', '"email":' || cast(to_json(latest_email) as varchar)) || '}' as json)
            end as varchar), '"personas":' || cast(personas as varchar)) || '}' as json) as varchar)) || '}' as json) as varchar)
  end as payload,
  timestamp '2026-03-01 00:00:00' as created_at,
  message_type,
  identifier_type,
  identifier,
  value,
  2 as run_no
from rollcall_outbox_changes_values;
