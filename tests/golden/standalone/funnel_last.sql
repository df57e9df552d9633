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
-- shared: Product_Added_filtered
Order_Completed_grouped as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    max(oc."timestamp") as order_completed_count_40810dd8_last
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
),
Product_Added_values as (
  select
    paf.profile_id,
    paf.anonymous,
    case
      when ocg.order_completed_count_40810dd8_last > paf."timestamp" then ocg.order_completed_count_40810dd8_last
    end as order_completed_count_40810dd8
  from Product_Added_filtered as paf
  left join Order_Completed_grouped as ocg on paf.profile_id = ocg.profile_id
    and paf.anonymous = ocg.anonymous
),
Product_Added_count as (
  select
    profile_id,
    anonymous
  from Product_Added_values
  where order_completed_count_40810dd8 is not null
  group by 1, 2
),
select
  pac.profile_id,
  case when pac.anonymous then 'anonymous' else 'user' end as profile_kind
from Product_Added_count as pac
left join known_anonymous as ka on pac.profile_id = ka.profile_id
  and pac.anonymous = ka.anonymous
where not pac.anonymous or coalesce(ka.is_known, false)
