-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
-- shared: Order_Completed
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
Order_Completed_last as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    arg_max(oc.payment_json_688d7022, create_sort_key(oc."timestamp", 'asc nulls last', oc.message_id, 'asc nulls last')) as order_completed_last_a8ef5682
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
),
select
  ocl.profile_id,
  case when ocl.anonymous then 'anonymous' else 'user' end as profile_kind
from Order_Completed_last as ocl
left join known_anonymous as ka on ocl.profile_id = ka.profile_id
  and ocl.anonymous = ka.anonymous
where (nullif(ocl.order_completed_last_a8ef5682, 'null') = '"card"' or contains(ocl.order_completed_last_a8ef5682, '\') and json_extract_string(ocl.order_completed_last_a8ef5682, '$') = 'card')
  and (not ocl.anonymous or coalesce(ka.is_known, false))
