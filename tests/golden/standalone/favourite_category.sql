-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
Product_Viewed_messages_values as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(m.properties as json), '$.category'), 'null') as rollcall_value_1
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Product Viewed'
),
Product_Viewed_web_first_landings_values as (
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(wfl.properties as json), '$.category'), 'null') as rollcall_value_1
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Product Viewed'
),
Product_Viewed as (
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as category_text_fae286a4
  from Product_Viewed_messages_values
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
    end as category_text_fae286a4
  from Product_Viewed_web_first_landings_values
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
Product_Viewed_grouped as (
  select
    coalesce(pv.user_id, fu.linked_user_id, pv.anonymous_id) as profile_id,
    coalesce(pv.user_id, fu.linked_user_id) is null as anonymous,
    pv.category_text_fae286a4 as text,
    count(*) as frequency
  from Product_Viewed as pv
  left join first_users as fu on pv.anonymous_id = fu.linked_anonymous_id
  where (pv.user_id is not null or pv.anonymous_id is not null)
    and pv."timestamp" >= timestamp '2026-03-01 00:00:00' - interval '90 days'
    and pv."timestamp" <= timestamp '2026-03-01 00:00:00'
    and pv.category_text_fae286a4 is not null
  group by 1, 2, 3
  having count(*) >= 3
),
Product_Viewed_mode as (
  select
    profile_id,
    anonymous,
    arg_min(text, create_sort_key(-frequency, 'asc nulls last', text, 'asc nulls last')) as product_viewed_mode_d0cb2309
  from Product_Viewed_grouped
  group by 1, 2
),
select
  pvm.profile_id,
  case when pvm.anonymous then 'anonymous' else 'user' end as profile_kind,
  cast(to_json(pvm.product_viewed_mode_d0cb2309) as varchar) as value,
  cast(null as decimal(38, 9)) as number_value,
  pvm.product_viewed_mode_d0cb2309 as text_value
from Product_Viewed_mode as pvm
left join known_anonymous as ka on pvm.profile_id = ka.profile_id
  and pvm.anonymous = ka.anonymous
where pvm.product_viewed_mode_d0cb2309 is not null
  and (not pvm.anonymous or coalesce(ka.is_known, false))
