-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
Order_Completed_messages_values as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(m.properties as json), '$.currency'), 'null') as rollcall_value_1,
    nullif(json_extract(cast(m.properties as json), '$.revenue'), 'null') as rollcall_value_2
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Order Completed'
),
Order_Completed_web_first_landings_values as (
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(wfl.properties as json), '$.currency'), 'null') as rollcall_value_1,
    nullif(json_extract(cast(wfl.properties as json), '$.revenue'), 'null') as rollcall_value_2
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Order Completed'
),
Order_Completed as (
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as currency_text_f67f6e36,
    case
      when regexp_full_match(rollcall_value_2, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_2 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_2 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_2, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_2, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_2, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_2, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_2, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as revenue_number_37096fa2
  from Order_Completed_messages_values
  union all
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as currency_text_f67f6e36,
    case
      when regexp_full_match(rollcall_value_2, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_2 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_2 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_2, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_2, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_2, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_2, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_2, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as revenue_number_37096fa2
  from Order_Completed_web_first_landings_values
),
-- shared: first_users_messages_values
-- shared: first_users_web_first_landings_values
-- shared: first_users_messages_together
-- shared: first_users
-- shared: known_anonymous_messages_together
-- shared: known_anonymous_messages_values
-- shared: known_anonymous_web_first_landings_values
-- shared: known_anonymous_messages_together_2
-- shared: known_anonymous_messages_together_3
-- shared: known_anonymous_messages_values_2
-- shared: known_anonymous
Order_Completed_count as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" >= timestamp '2026-03-01 00:00:00' - interval '30 days'
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
    and oc.currency_text_f67f6e36 = 'EUR'
    and oc.revenue_number_37096fa2 >= 10
  group by 1, 2
  having count(*) >= 3
),
select
  occ.profile_id,
  case when occ.anonymous then 'anonymous' else 'user' end as profile_kind
from Order_Completed_count as occ
left join known_anonymous as ka on occ.profile_id = ka.profile_id
  and occ.anonymous = ka.anonymous
where not occ.anonymous or coalesce(ka.is_known, false)
