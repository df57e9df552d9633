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
    nullif(to_json(list_filter(json_extract(nullif(json_extract(cast(m.properties as json), '$.products'), 'null'), '$[*].category'), lambda rc__v: rc__v <> 'null')), '[]') as products_category_elements_97266e31
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
    nullif(to_json(list_filter(json_extract(nullif(json_extract(cast(wfl.properties as json), '$.products'), 'null'), '$[*].category'), lambda rc__v: rc__v <> 'null')), '[]') as products_category_elements_97266e31
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
Order_Completed_count as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
    and coalesce(list_bool_or(list_transform(json_extract(oc.products_category_elements_97266e31, '$[*]'), lambda rollcall_element: (nullif(rollcall_element, 'null') = '"shoes"' or contains(rollcall_element, '\') and json_extract_string(rollcall_element, '$') = 'shoes'))), false)
  group by 1, 2
),
select
  occ.profile_id,
  case when occ.anonymous then 'anonymous' else 'user' end as profile_kind
from Order_Completed_count as occ
left join known_anonymous as ka on occ.profile_id = ka.profile_id
  and occ.anonymous = ka.anonymous
where not occ.anonymous or coalesce(ka.is_known, false)
