-- shared.sql
-- shared.addresses.forget: emails and phones
delete from rollcall.addresses as t
using (
select
  g.identifier_type
from (values ('email')) as g(identifier_type)
) as s
where t.identifier_type = s.identifier_type;

-- shared.sql
-- shared.addresses: emails and phones
insert into rollcall.addresses (identifier_type, identifier, profile_no, first_at, first_id)
with facts_web_identify_95ad6f7e_values as (
  select
    profile_no,
    "timestamp",
    message_id,
    'web' as origin,
    lower(case
        when starts_with(email_mention_b7361bd7, '"') then case when contains(email_mention_b7361bd7, '\') then json_extract_string(email_mention_b7361bd7, '$') else substr(email_mention_b7361bd7, 2, length(email_mention_b7361bd7) - 2) end
        when email_mention_b7361bd7 = 'null' then null
        when left(email_mention_b7361bd7, 1) in ('{', '[', 't', 'f') or not (contains(email_mention_b7361bd7, '.') or contains(email_mention_b7361bd7, 'e') or contains(email_mention_b7361bd7, 'E') or contains(email_mention_b7361bd7, '-0')) then cast(email_mention_b7361bd7 as varchar)
        else coalesce(rtrim(rtrim(cast(case when abs(try_cast(email_mention_b7361bd7 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(email_mention_b7361bd7 as varchar) as decimal(18, 9)), try_cast(cast(email_mention_b7361bd7 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(email_mention_b7361bd7 as varchar))
      end) as identifier
  from rollcall.facts_web_identify_95ad6f7e
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
),
facts_web_identify_95ad6f7e_grouped as (
  select
    'email' as identifier_type,
    identifier,
    profile_no,
    min("timestamp") as first_at,
    arg_min(message_id, create_sort_key("timestamp", 'asc nulls last', message_id, 'asc nulls last', origin, 'asc nulls last')) as first_id
  from facts_web_identify_95ad6f7e_values
  where identifier is not null
    and contains(identifier, '@')
  group by 1, 2, 3
),
facts_web_identify_95ad6f7e_numbered as (
  select
    fwia.identifier_type,
    fwia.identifier,
    fwia.profile_no,
    fwia.first_at,
    fwia.first_id,
    p.profile_kind,
    p.profile_id,
    row_number() over (
      partition by fwia.identifier_type, fwia.identifier
      order by p.profile_kind desc, fwia.first_at, fwia.first_id, p.profile_id
    ) as nth
  from facts_web_identify_95ad6f7e_grouped as fwia
  join rollcall.profiles as p on fwia.profile_no = p.profile_no
)
select
  identifier_type,
  identifier,
  profile_no,
  first_at,
  first_id
from facts_web_identify_95ad6f7e_numbered
where nth = 1;

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
from (values (1, 'crm', 'buyers', 1, 'false', 'people audience users all email+user_id 3 not 4 in 5', cast(null as varchar))) as g(way, destination_key, definition_key, definition_no, end_value, people, accounts);

-- messages.sql
-- outbox.rollcall_outbox_kinds: ways out of definitions
create or replace temporary table rollcall_outbox_kinds as
select
  cast(g.way as bigint) as way,
  g.is_group,
  g.destination_key,
  g.definition_key,
  g.message_type,
  g.form,
  g.fixed,
  g.label,
  g.event_true,
  g.event_other,
  g.personas
from (values
    (1, false, 'crm', 'buyers', 'identify', 'identify addresses 5d56734f', '["crm","buyers","identify"]', 'audience_key', cast('"Audience Entered"' as json), cast('"Audience Exited"' as json), cast('{"computation_class":"audience","computation_key":"buyers","computation_id":"aud_455c0290e6056ce6c67a6fc321e","namespace":"golden"}' as json)),
    (1, false, 'crm', 'buyers', 'track', 'track addresses 5d56734f', '["crm","buyers","track"]', 'audience_key', cast('"Audience Entered"' as json), cast('"Audience Exited"' as json), cast('{"computation_class":"audience","computation_key":"buyers","computation_id":"aud_455c0290e6056ce6c67a6fc321e","namespace":"golden"}' as json))
  ) as g(way, is_group, destination_key, definition_key, message_type, form, fixed, label, event_true, event_other, personas);

-- messages.sql
-- outbox.withdrawn: what is kept back of what waits
insert into rollcall.deliveries (message_id, destination_key, attempt, status, http_status, error, "at")
with rows_found as materialized (
with rollcall_outbox_ways_values as (
  select
    row3.destination_key,
    row3.definition_key,
    row2.end_value
  from rollcall_outbox_ways as row2
  join rollcall_outbox_ways as row3 on row2.way = row3.way
  where row2.people = 'people audience users all email+user_id 3 not 4 in 5'
),
subjects_together as (
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.subjects
  union all
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.addresses
),
outbox_joined as (
  select
    o.message_id,
    o.destination_key,
    o.definition_key,
    o.profile_id,
    o.run_id,
    o.payload,
    o.created_at,
    o.message_type,
    o.identifier_type,
    o.identifier,
    o.value,
    o.run_no,
    rowv.end_value,
    st.profile_no
  from rollcall.outbox as o
  join rollcall_outbox_ways_values as rowv on o.destination_key = rowv.destination_key
    and o.definition_key = rowv.definition_key
  anti join rollcall.deliveries as d on o.message_id = d.message_id
    and o.destination_key = d.destination_key
  join subjects_together as st on o.identifier_type = st.identifier_type
    and o.identifier = st.identifier
  where not (o.identifier_type = 'group_id')
    and o.value <> 'null'
    and o.value <> rowv.end_value
),
member_state_values as (
  select
    profile_no
  from rollcall.member_state
  where definition_no = 4
),
member_state_values_2 as (
  select
    profile_no
  from rollcall.member_state
  where definition_no = 4
),
member_state_values_3 as (
  select
    profile_no
  from rollcall.member_state
  where definition_no = 5
),
outbox_together as (
  select
    oj.message_id,
    oj.destination_key,
    'suppressed' as reason
  from outbox_joined as oj
  semi join member_state_values as msv on oj.profile_no = msv.profile_no
  union all
  select
    oj.message_id,
    oj.destination_key,
    'no consent: mail' as reason
  from outbox_joined as oj
  anti join member_state_values_2 as msv on oj.profile_no = msv.profile_no
  anti join member_state_values_3 as msv2 on oj.profile_no = msv2.profile_no
)
select
  message_id,
  destination_key,
  0 as attempt,
  'filtered' as status,
  cast(null as bigint) as http_status,
  reason as error,
  timestamp '2026-03-01 00:00:00' as "at"
from outbox_together
)
select message_id, destination_key, attempt, status, http_status, error, "at"
from rows_found;

-- messages.sql
-- outbox.told: what destinations were last told
create or replace temporary table rollcall_outbox_told as
with runs_values as (
  select
    run_no,
    run_id as same_as_of
  from rollcall.runs
  where as_of = timestamp '2026-03-01 00:00:00'
),
deliveries_values as (
  select distinct
    message_id,
    destination_key
  from rollcall.deliveries
  where status = 'filtered'
    and attempt = 0
),
deliveries_values_2 as (
  select
    message_id,
    destination_key,
    1 as taken
  from deliveries_values
),
outbox_grouped as (
  select
    row2.way,
    o.identifier_type,
    o.identifier,
    arg_max(o.value, o.run_no) filter (where dv.taken is null) as standing,
    count(rv.same_as_of) as repeats
  from rollcall.outbox as o
  join rollcall_outbox_ways as row2 on o.destination_key = row2.destination_key
    and o.definition_key = row2.definition_key
  left join runs_values as rv on o.run_no = rv.run_no
  left join deliveries_values_2 as dv on o.message_id = dv.message_id
    and o.destination_key = dv.destination_key
  group by 1, 2, 3
),
sent_joined as (
  select
    s.destination_key,
    s.definition_key,
    s.identifier_type,
    s.identifier,
    s.value,
    s.sent_at,
    row2.way
  from rollcall.sent as s
  join rollcall_outbox_ways as row2 on s.destination_key = row2.destination_key
    and s.definition_key = row2.definition_key
),
outbox_values as (
  select
    og.way,
    og.identifier_type,
    og.identifier,
    coalesce(og.standing, sj.value) as told,
    og.repeats
  from outbox_grouped as og
  left join sent_joined as sj on og.way = sj.way
    and og.identifier_type = sj.identifier_type
    and og.identifier = sj.identifier
),
outbox_together as (
  select
    way,
    identifier_type,
    identifier,
    told,
    repeats
  from outbox_values
  union all
  select
    sj.way,
    sj.identifier_type,
    sj.identifier,
    sj.value as told,
    0 as repeats
  from sent_joined as sj
  anti join outbox_values as ov on sj.way = ov.way
    and sj.identifier_type = ov.identifier_type
    and sj.identifier = ov.identifier
)
select
  cast(ot.way as bigint) as way,
  ot.identifier_type,
  ot.identifier,
  ot.told,
  cast(ot.repeats as bigint) as repeats
from outbox_together as ot;

-- messages.sql
-- outbox.changes: what has changed
create or replace temporary table rollcall_outbox_changes as
with subjects_together as (
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.subjects
  union all
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.addresses
),
rollcall_outbox_ways_values as (
  select
    way,
    definition_no,
    end_value
  from rollcall_outbox_ways
  where people = 'people audience users all email+user_id 3 not 4 in 5'
),
member_state_values as (
  select
    profile_no
  from rollcall.member_state
  where definition_no = 4
),
member_state_values_2 as (
  select
    profile_no
  from rollcall.member_state
  where definition_no = 5
),
member_state_kept as (
  select
    ms.definition_no,
    ms.profile_no,
    'true' as value
  from rollcall.member_state as ms
  semi join rollcall_outbox_ways_values as rowv on ms.definition_no = rowv.definition_no
  anti join member_state_values as msv on ms.profile_no = msv.profile_no
  semi join member_state_values_2 as msv2 on ms.profile_no = msv2.profile_no
),
rollcall_outbox_ways_values_2 as (
  select
    way,
    definition_no,
    end_value
  from rollcall_outbox_ways
  where people = 'people audience users all email+user_id 3 not 4 in 5'
),
member_state_joined as (
  select
    msk.definition_no,
    msk.profile_no,
    msk.value,
    rowv.way
  from member_state_kept as msk
  join rollcall_outbox_ways_values_2 as rowv on msk.definition_no = rowv.definition_no
),
subjects_numbered as (
  select
    st.identifier_type,
    st.identifier,
    st.profile_no,
    st.first_at,
    st.first_id,
    msj.definition_no,
    msj.value,
    msj.way,
    p.user_id,
    row_number() over (
      partition by msj.way, st.identifier_type, st.profile_no
      order by st.first_at, st.first_id, st.identifier
    ) as rank
  from subjects_together as st
  join member_state_joined as msj on st.profile_no = msj.profile_no
  left join rollcall.profiles as p on st.profile_no = p.profile_no
  where st.first_at <= timestamp '2026-03-01 00:00:00'
    and (st.identifier_type = 'user_id' or st.identifier_type = 'email')
),
subjects_together_2 as (
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.subjects
  union all
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.addresses
),
subjects_together_3 as (
  select
    sn.way,
    sn.identifier_type,
    sn.identifier,
    sn.profile_no,
    sn.value,
    coalesce(rot.repeats, 0) as repeats
  from subjects_numbered as sn
  left join rollcall_outbox_told as rot on sn.way = rot.way
    and sn.identifier_type = rot.identifier_type
    and sn.identifier = rot.identifier
  where sn.rank <= 3
    and sn.value is distinct from rot.told
  union all
  select
    rot.way,
    rot.identifier_type,
    rot.identifier,
    st.profile_no,
    rowv.end_value as value,
    rot.repeats
  from rollcall_outbox_told as rot
  join rollcall_outbox_ways_values_2 as rowv on rot.way = rowv.way
  join subjects_together_2 as st on rot.identifier_type = st.identifier_type
    and rot.identifier = st.identifier
  anti join member_state_kept as msk on rowv.definition_no = msk.definition_no
    and st.profile_no = msk.profile_no
  where not (rot.identifier_type = 'group_id')
    and rot.told = 'true'
)
select
  cast(st.way as bigint) as way,
  st.identifier_type,
  st.identifier,
  cast(st.profile_no as bigint) as profile_no,
  st.value,
  cast(st.repeats as bigint) as repeats
from subjects_together_3 as st;

-- messages.sql
-- outbox.filtered: who is not told, and why
insert into rollcall.filtered (destination_key, definition_key, profile_id, identifier_type, identifier, value, reason, run_id, "at", run_no)
with rows_found as materialized (
with subjects_together as (
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.subjects
  union all
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.addresses
),
rollcall_outbox_ways_values as (
  select
    way,
    definition_no,
    end_value
  from rollcall_outbox_ways
  where people = 'people audience users all email+user_id 3 not 4 in 5'
),
member_state_values as (
  select
    ms.definition_no,
    ms.profile_no,
    'true' as value
  from rollcall.member_state as ms
  semi join rollcall_outbox_ways_values as rowv on ms.definition_no = rowv.definition_no
),
member_state_values_2 as (
  select
    profile_no
  from rollcall.member_state
  where definition_no = 4
),
rollcall_outbox_ways_values_2 as (
  select
    way,
    definition_no
  from rollcall_outbox_ways
  where people = 'people audience users all email+user_id 3 not 4 in 5'
),
member_state_joined as (
  select
    msv.definition_no,
    msv.profile_no,
    msv.value,
    rowv.way
  from member_state_values as msv
  semi join member_state_values_2 as msv2 on msv.profile_no = msv2.profile_no
  join rollcall_outbox_ways_values_2 as rowv on msv.definition_no = rowv.definition_no
),
subjects_numbered as (
  select
    st.identifier_type,
    st.identifier,
    st.profile_no,
    st.first_at,
    st.first_id,
    msj.definition_no,
    msj.value,
    msj.way,
    p.user_id,
    row_number() over (
      partition by msj.way, st.identifier_type, st.profile_no
      order by st.first_at, st.first_id, st.identifier
    ) as rank
  from subjects_together as st
  join member_state_joined as msj on st.profile_no = msj.profile_no
  left join rollcall.profiles as p on st.profile_no = p.profile_no
  where st.first_at <= timestamp '2026-03-01 00:00:00'
    and (st.identifier_type = 'user_id' or st.identifier_type = 'email')
),
subjects_together_2 as (
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.subjects
  union all
  select
    identifier_type,
    identifier,
    profile_no,
    first_at,
    first_id
  from rollcall.addresses
),
member_state_values_3 as (
  select
    profile_no
  from rollcall.member_state
  where definition_no = 4
),
member_state_values_4 as (
  select
    profile_no
  from rollcall.member_state
  where definition_no = 5
),
rollcall_outbox_ways_values_3 as (
  select
    way,
    definition_no
  from rollcall_outbox_ways
  where people = 'people audience users all email+user_id 3 not 4 in 5'
),
member_state_joined_2 as (
  select
    msv.definition_no,
    msv.profile_no,
    msv.value,
    rowv.way
  from member_state_values as msv
  anti join member_state_values_3 as msv2 on msv.profile_no = msv2.profile_no
  anti join member_state_values_4 as msv3 on msv.profile_no = msv3.profile_no
  join rollcall_outbox_ways_values_3 as rowv on msv.definition_no = rowv.definition_no
),
subjects_numbered_2 as (
  select
    st.identifier_type,
    st.identifier,
    st.profile_no,
    st.first_at,
    st.first_id,
    msj.definition_no,
    msj.value,
    msj.way,
    p.user_id,
    row_number() over (
      partition by msj.way, st.identifier_type, st.profile_no
      order by st.first_at, st.first_id, st.identifier
    ) as rank
  from subjects_together_2 as st
  join member_state_joined_2 as msj on st.profile_no = msj.profile_no
  left join rollcall.profiles as p on st.profile_no = p.profile_no
  where st.first_at <= timestamp '2026-03-01 00:00:00'
    and (st.identifier_type = 'user_id' or st.identifier_type = 'email')
),
subjects_together_3 as (
  select
    way,
    identifier_type,
    identifier,
    profile_no,
    value,
    'suppressed' as reason
  from subjects_numbered
  where rank <= 3
  union all
  select
    way,
    identifier_type,
    identifier,
    profile_no,
    value,
    'no consent: mail' as reason
  from subjects_numbered_2
  where rank <= 3
),
subjects_joined as (
  select
    st.way,
    st.identifier_type,
    st.identifier,
    st.profile_no,
    st.value,
    st.reason,
    rot.told,
    row2.destination_key,
    row2.definition_key
  from subjects_together_3 as st
  left join rollcall_outbox_told as rot on st.way = rot.way
    and st.identifier_type = rot.identifier_type
    and st.identifier = rot.identifier
  join rollcall_outbox_ways as row2 on st.way = row2.way
  where st.value is distinct from rot.told
),
deliveries_values as (
  select distinct
    message_id,
    destination_key
  from rollcall.deliveries
  where status = 'filtered'
    and attempt = 0
),
subjects_values as (
  select distinct
    destination_key,
    definition_key,
    identifier_type,
    identifier
  from subjects_joined
),
outbox_grouped as (
  select
    o.destination_key,
    o.definition_key,
    o.identifier_type,
    o.identifier,
    max(o.run_no) as told_in
  from rollcall.outbox as o
  anti join deliveries_values as dv on o.message_id = dv.message_id
    and o.destination_key = dv.destination_key
  semi join subjects_values as sv on o.destination_key = sv.destination_key
    and o.definition_key = sv.definition_key
    and o.identifier_type = sv.identifier_type
    and o.identifier = sv.identifier
  group by 1, 2, 3, 4
),
filtered_filtered as (
  select
    f.destination_key,
    f.definition_key,
    f.profile_id,
    f.identifier_type,
    f.identifier,
    f.value,
    f.reason,
    f.run_id,
    f."at",
    f.run_no,
    og.told_in
  from rollcall.filtered as f
  left join outbox_grouped as og on f.destination_key = og.destination_key
    and f.definition_key = og.definition_key
    and f.identifier_type = og.identifier_type
    and f.identifier = og.identifier
  where f.run_no >= coalesce(og.told_in, 0)
)
select
  sj.destination_key,
  sj.definition_key,
  s.identifier as profile_id,
  sj.identifier_type,
  sj.identifier,
  sj.value,
  sj.reason,
  'compiled' as run_id,
  timestamp '2026-03-01 00:00:00' as "at",
  2 as run_no
from subjects_joined as sj
anti join filtered_filtered as ff on sj.destination_key = ff.destination_key
  and sj.definition_key = ff.definition_key
  and sj.identifier_type = ff.identifier_type
  and sj.identifier = ff.identifier
  and sj.value = ff.value
  and sj.reason = ff.reason
join rollcall.subjects as s on sj.profile_no = s.subject_no
)
select destination_key, definition_key, profile_id, identifier_type, identifier, value, reason, run_id, "at", run_no
from rows_found;

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
with trait_state_values as (
  select
    profile_no,
    value as along_orders_2ed2ce96
  from rollcall.trait_state
  where definition_no = 2
),
member_state_values as (
  select
    profile_no,
    1 as along_vip_62aa2671
  from rollcall.member_state
  where definition_no = 3
),
rollcall_outbox_changes_values as (
  select
    roc.way,
    roc.identifier_type,
    roc.identifier,
    roc.profile_no,
    roc.value,
    roc.repeats,
    s.identifier as profile_id,
    p.latest_email,
    ct.plan_mention_84ca5176 as along_plan_mention_84ca5176_140818d8,
    tsv.along_orders_2ed2ce96,
    msv.along_vip_62aa2671,
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
  left join rollcall.custom_traits as ct on roc.profile_no = ct.profile_no
  left join trait_state_values as tsv on roc.profile_no = tsv.profile_no
  left join member_state_values as msv on roc.profile_no = msv.profile_no
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
    when form = 'identify addresses 5d56734f' then cast(cast('{' || concat_ws(',', '"type":' || cast(cast('"identify"' as json) as varchar), '"userId":' || cast(case when identifier_type = 'user_id' then to_json(identifier) end as varchar), '"anonymousId":' || cast(case when identifier_type = 'anonymous_id' then to_json(identifier) end as varchar), '"traits":' || cast(cast('{' || concat_ws(',', cast(to_json(definition_key) as varchar) || ':' || cast(try_cast(value as json) as varchar), '"email":' || cast(to_json(case
                when identifier_type = 'email' then identifier
                when identifier_type = 'phone' then cast(null as varchar)
                else latest_email
              end) as varchar), '"phone":' || cast(to_json(case when identifier_type = 'phone' then identifier end) as varchar), '"plan":' || cast(case
              when not (along_plan_mention_84ca5176_140818d8 = 'null') then along_plan_mention_84ca5176_140818d8
            end as varchar), '"orders":' || cast(try_cast(coalesce(along_orders_2ed2ce96, '0') as json) as varchar), '"is_vip":' || cast(case
              when along_vip_62aa2671 is not null then cast('true' as json)
              else cast('false' as json)
            end as varchar)) || '}' as json) as varchar), '"messageId":' || cast(to_json(message_id) as varchar), '"timestamp":' || cast(to_json((replace(cast(timestamp '2026-03-01 00:00:00' as varchar), ' ', 'T') || 'Z')) as varchar), '"context":' || cast(cast('{' || concat_ws(',', '"personas":' || cast(personas as varchar)) || '}' as json) as varchar)) || '}' as json) as varchar)
    else cast(cast('{' || concat_ws(',', '"type":' || cast(cast('"track"' as json) as varchar), '"event":' || cast(case when value = 'true' then event_true else event_other end as varchar), '"userId":' || cast(case when identifier_type = 'user_id' then to_json(identifier) end as varchar), '"anonymousId":' || cast(case when identifier_type = 'anonymous_id' then to_json(identifier) end as varchar), '"properties":' || cast(cast('{' || concat_ws(',', cast(to_json(label) as varchar) || ':' || cast(to_json(definition_key) as varchar), cast(to_json(definition_key) as varchar) || ':' || cast(try_cast(value as json) as varchar), '"plan":' || cast(case
              when not (along_plan_mention_84ca5176_140818d8 = 'null') then along_plan_mention_84ca5176_140818d8
            end as varchar), '"orders":' || cast(try_cast(coalesce(along_orders_2ed2ce96, '0') as json) as varchar), '"is_vip":' || cast(case
              when along_vip_62aa2671 is not null then cast('true' as json)
              else cast('false' as json)
            end as varchar)) || '}' as json) as varchar), '"messageId":' || cast(to_json(message_id) as varchar), '"timestamp":' || cast(to_json((replace(cast(timestamp '2026-03-01 00:00:00' as varchar), ' ', 'T') || 'Z')) as varchar), '"context":' || cast(cast('{' || concat_ws(',', '"traits":' || cast(case
              when latest_email is not null or identifier_type = 'email' or identifier_type = 'phone' then cast('{' || concat_ws(',', '"email":' || cast(to_json(case
                      when identifier_type = 'email' then identifier
                      when identifier_type = 'phone' then cast(null as varchar)
                      else latest_email
                    end) as varchar), '"phone":' || cast(to_json(case when identifier_type = 'phone' then identifier end) as varchar)) || '}' as json)
            end as varchar), '"personas":' || cast(personas as varchar)) || '}' as json) as varchar)) || '}' as json) as varchar)
  end as payload,
  timestamp '2026-03-01 00:00:00' as created_at,
  message_type,
  identifier_type,
  identifier,
  value,
  2 as run_no
from rollcall_outbox_changes_values;

-- alerts: size_change, in one run
with snapshots_numbered as (
  select
    s.definition_key,
    s.run_id,
    s.as_of,
    s.size,
    s.entered,
    s.exited,
    s.changed,
    d.first_run_at,
    d.last_as_of,
    r.run_no,
    row_number() over (partition by s.definition_key order by r.run_no desc) as nth
  from rollcall.snapshots as s
  join rollcall.definitions as d on s.definition_key = d.key
  join rollcall.runs as r on s.run_id = r.run_id
  where s.as_of >= timestamp '2026-02-01 00:00:00'
    and s.definition_key in ('buyers', 'vip')
    and s.as_of = d.last_as_of
),
snapshots_values as (
  select
    definition_key,
    run_id,
    size,
    as_of,
    first_run_at,
    size - (entered - exited) as before
  from snapshots_numbered
  where nth = 1
)
select
  definition_key,
  run_id,
  size,
  before
from snapshots_values
where not (as_of = first_run_at and before = 0);

-- alerts: size_change, within a day
with snapshots_joined as (
  select
    s.definition_key,
    s.run_id,
    s.as_of,
    s.size,
    s.entered,
    s.exited,
    s.changed,
    d.first_run_at,
    d.last_as_of
  from rollcall.snapshots as s
  join rollcall.definitions as d on s.definition_key = d.key
  where s.as_of >= timestamp '2026-02-01 00:00:00'
    and s.definition_key in ('buyers', 'vip')
),
snapshots_numbered as (
  select
    sj.definition_key,
    sj.run_id,
    sj.as_of,
    sj.size,
    sj.entered,
    sj.exited,
    sj.changed,
    sj.first_run_at,
    sj.last_as_of,
    r.run_no,
    row_number() over (partition by sj.definition_key order by r.run_no desc) as nth
  from snapshots_joined as sj
  join rollcall.runs as r on sj.run_id = r.run_id
  where sj.as_of = sj.last_as_of
),
snapshots_grouped as (
  select
    definition_key,
    cast(sum((entered - exited)) as decimal(38, 9)) as grown
  from snapshots_joined
  where as_of > last_as_of - interval '1 day'
  group by 1
)
select
  sn.definition_key,
  sn.run_id,
  sn.size,
  try(cast(cast(sn.size as decimal(38, 9)) as decimal(38, 9)) - cast(sg.grown as decimal(38, 9))) as before
from snapshots_numbered as sn
join snapshots_grouped as sg on sn.definition_key = sg.definition_key
where sn.nth = 1
  and sn.first_run_at <= sn.last_as_of - interval '1 day';

-- alerts: delivery
with deliveries_numbered as (
  select
    message_id,
    destination_key,
    attempt,
    status,
    http_status,
    error,
    "at",
    row_number() over (partition by message_id, destination_key order by "at" desc, attempt desc) as nth
  from rollcall.deliveries
  where "at" >= timestamp '2026-02-01 00:00:00'
)
select
  destination_key,
  count(*) filter (where not (status in ('delivered', 'superseded', 'filtered')) or status = 'delivered') as messages,
  count(*) filter (where not (status in ('delivered', 'superseded', 'filtered'))) as lost
from deliveries_numbered
where nth = 1
group by 1;

-- alerts: waiting
with deliveries_values as (
  select
    message_id,
    destination_key
  from rollcall.deliveries
  where status in ('delivered', 'rejected', 'dead', 'filtered', 'superseded')
)
select
  o.destination_key,
  count(*) as messages,
  min(o.created_at) as since
from rollcall.outbox as o
anti join deliveries_values as dv on o.message_id = dv.message_id
  and o.destination_key = dv.destination_key
anti join (values ('crm', 'vip')) as g(destination_key, definition_key) on o.destination_key = g.destination_key
  and o.definition_key = g.definition_key
group by 1;

-- alerts: failed
with runs_numbered as (
  select
    run_id,
    as_of,
    status,
    started_at,
    finished_at,
    invocation,
    run_no,
    error,
    row_number() over (order by run_no desc) as nth
  from rollcall.runs
  where not (status in ('running', 'cancelled'))
)
select
  run_id,
  status,
  error
from runs_numbered
where nth = 1;
