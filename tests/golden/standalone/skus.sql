-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
Order_Completed as (
  select
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    m."timestamp",
    m.message_id,
    nullif(to_json(list_filter(json_extract(nullif(json_extract(cast(m.properties as json), '$.products'), 'null'), '$[*].sku'), lambda rc__v: rc__v <> 'null')), '[]') as products_sku_elements_ffa65809
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Order Completed'
  union all
  select
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    wfl."timestamp",
    wfl.message_id,
    nullif(to_json(list_filter(json_extract(nullif(json_extract(cast(wfl.properties as json), '$.products'), 'null'), '$[*].sku'), lambda rc__v: rc__v <> 'null')), '[]') as products_sku_elements_ffa65809
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Order Completed'
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
Order_Completed_elements as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    oc."timestamp",
    oc.products_sku_elements_ffa65809,
    unnest(json_extract(oc.products_sku_elements_ffa65809, '$[*]')) as rollcall_element
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
),
Order_Completed_values as (
  select
    profile_id,
    anonymous,
    case
      when starts_with(rollcall_element, '"') then case when contains(rollcall_element, '\') then json_extract_string(rollcall_element, '$') else substr(rollcall_element, 2, length(rollcall_element) - 2) end
      when rollcall_element = 'null' then null
      when left(rollcall_element, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_element, '.') or contains(rollcall_element, 'e') or contains(rollcall_element, 'E') or contains(rollcall_element, '-0')) then cast(rollcall_element as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_element as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_element as varchar) as decimal(18, 9)), try_cast(cast(rollcall_element as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_element as varchar))
    end as rollcall_value
  from Order_Completed_elements
),
Order_Completed_grouped as (
  select
    profile_id,
    anonymous,
    rollcall_value as text
  from Order_Completed_values
  where rollcall_value is not null
  group by 1, 2, 3
),
Order_Completed_unique as (
  select
    profile_id,
    anonymous,
    to_json(list(text order by text) filter (where text is not null)) as order_completed_unique_738cd866
  from Order_Completed_grouped
  group by 1, 2
),
select
  ocu.profile_id,
  case when ocu.anonymous then 'anonymous' else 'user' end as profile_kind,
  cast(ocu.order_completed_unique_738cd866 as varchar) as value,
  cast(null as decimal(38, 9)) as number_value,
  cast(ocu.order_completed_unique_738cd866 as varchar) as text_value
from Order_Completed_unique as ocu
left join known_anonymous as ka on ocu.profile_id = ka.profile_id
  and ocu.anonymous = ka.anonymous
where ocu.order_completed_unique_738cd866 is not null
  and (not ocu.anonymous or coalesce(ka.is_known, false))
