-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
-- shared: first_users_messages_values
-- shared: first_users_web_first_landings_values
-- shared: first_users_messages_together
-- shared: first_users
-- shared: universe_messages_values
-- shared: universe_web_first_landings_values
-- shared: universe_messages_together
-- shared: universe_identifiers
-- shared: universe_identifiers_together
-- shared: universe
-- shared: known_anonymous_messages_together
-- shared: known_anonymous_messages_values
-- shared: known_anonymous_web_first_landings_values
-- shared: known_anonymous_messages_together_2
-- shared: known_anonymous_messages_together_3
-- shared: known_anonymous_messages_values_2
-- shared: known_anonymous
-- shared: profiles
-- shared: Order_Completed
-- shared: Page_Viewed
Product_Viewed as (
  select
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    m."timestamp"
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Product Viewed'
  union all
  select
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    wfl."timestamp"
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Product Viewed'
),
Order_Completed_count as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
),
Page_Viewed_count as (
  select
    coalesce(pv.user_id, fu.linked_user_id, pv.anonymous_id) as profile_id,
    coalesce(pv.user_id, fu.linked_user_id) is null as anonymous
  from Page_Viewed as pv
  left join first_users as fu on pv.anonymous_id = fu.linked_anonymous_id
  where (pv.user_id is not null or pv.anonymous_id is not null)
    and pv."timestamp" >= timestamp '2026-03-01 00:00:00' - interval '30 days'
    and pv."timestamp" <= timestamp '2026-03-01 00:00:00'
),
Product_Viewed_count as (
  select
    coalesce(pv.user_id, fu.linked_user_id, pv.anonymous_id) as profile_id,
    coalesce(pv.user_id, fu.linked_user_id) is null as anonymous
  from Product_Viewed as pv
  left join first_users as fu on pv.anonymous_id = fu.linked_anonymous_id
  where (pv.user_id is not null or pv.anonymous_id is not null)
    and pv."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
  having not coalesce(count(*) < 2, false)
),
select
  p.profile_id,
  case when p.anonymous then 'anonymous' else 'user' end as profile_kind
from profiles as p
anti join Order_Completed_count as occ on p.profile_id = occ.profile_id
  and p.anonymous = occ.anonymous
anti join Page_Viewed_count as pvc on p.profile_id = pvc.profile_id
  and p.anonymous = pvc.anonymous
anti join Product_Viewed_count as pvc2 on p.profile_id = pvc2.profile_id
  and p.anonymous = pvc2.anonymous
