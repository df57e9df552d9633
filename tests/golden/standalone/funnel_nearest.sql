-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
-- shared: Product_Added
-- shared: first_users_messages_values
-- shared: first_users_web_first_landings_values
-- shared: first_users_messages_together
-- shared: first_users
-- shared: Order_Completed
-- shared: known_anonymous_messages_together
-- shared: known_anonymous_messages_values
-- shared: known_anonymous_web_first_landings_values
-- shared: known_anonymous_messages_together_2
-- shared: known_anonymous_messages_together_3
-- shared: known_anonymous_messages_values_2
-- shared: known_anonymous
Product_Added_filtered as (
  select
    coalesce(pa.user_id, fu.linked_user_id, pa.anonymous_id) as profile_id,
    coalesce(pa.user_id, fu.linked_user_id) is null as anonymous,
    pa."timestamp"
  from Product_Added as pa
  left join first_users as fu on pa.anonymous_id = fu.linked_anonymous_id
  where (pa.user_id is not null or pa.anonymous_id is not null)
    and pa."timestamp" >= timestamp '2026-03-01 00:00:00' - interval '7 days'
    and pa."timestamp" <= timestamp '2026-03-01 00:00:00'
    and pa."timestamp" <= timestamp '2026-03-01 00:00:00' - interval '1 day'
),
Order_Completed_values as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    oc."timestamp" as order_completed_count_208b5f49_at
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
),
Product_Added_values as (
  select
    paf.profile_id,
    paf.anonymous,
    case
      when ocv.order_completed_count_208b5f49_at <= paf."timestamp" + interval '1 day' then ocv.order_completed_count_208b5f49_at
    end as order_completed_count_208b5f49
  from Product_Added_filtered as paf
  asof left join Order_Completed_values as ocv on paf.profile_id = ocv.profile_id
    and paf.anonymous = ocv.anonymous
    and paf."timestamp" < ocv.order_completed_count_208b5f49_at
),
Product_Added_count as (
  select
    profile_id,
    anonymous
  from Product_Added_values
  where not (order_completed_count_208b5f49 is not null)
  group by 1, 2
),
select
  pac.profile_id,
  case when pac.anonymous then 'anonymous' else 'user' end as profile_kind
from Product_Added_count as pac
left join known_anonymous as ka on pac.profile_id = ka.profile_id
  and pac.anonymous = ka.anonymous
where not pac.anonymous or coalesce(ka.is_known, false)
