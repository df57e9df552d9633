-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
Order_Completed_2 as (
  select
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    m."timestamp"
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Order Completed'
  union all
  select
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    wfl."timestamp"
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Order Completed'
),
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
-- shared: Order_Completed_messages_values
-- shared: Order_Completed_web_first_landings_values
-- shared: Order_Completed
Order_Completed_count as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous
  from Order_Completed_2 as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" >= timestamp '2026-03-01 00:00:00' - interval '90 days'
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
),
profiles_values as (
  select
    profile_id,
    anonymous,
    case when anonymous then 'anonymous' else 'user' end as named_kind,
    profile_id as named_id
  from profiles
),
-- shared: Order_Completed_sum
revenue as (
  select
    ocs.profile_id,
    ocs.anonymous,
    cast(ocs.order_completed_sum_13f4fc13 as decimal(38, 9)) as revenue_number_value_a241b003
  from Order_Completed_sum as ocs
  left join known_anonymous as ka on ocs.profile_id = ka.profile_id
    and ocs.anonymous = ka.anonymous
  where ocs.order_completed_sum_13f4fc13 is not null
    and (not ocs.anonymous or coalesce(ka.is_known, false))
),
profiles_values_2 as (
  select
    profile_id,
    anonymous,
    case when anonymous then 'anonymous' else 'user' end as named_kind,
    profile_id as named_id
  from profiles
),
Order_Completed_count_numbered as (
  select
    occ.profile_id,
    occ.anonymous,
    r.revenue_number_value_a241b003 as rollcall_value,
    pv2.named_kind,
    pv2.named_id,
    row_number() over (order by r.revenue_number_value_a241b003 desc, pv2.named_kind desc, pv2.named_id) as rollcall_place
  from Order_Completed_count as occ
  left join profiles_values as pv on occ.profile_id = pv.profile_id
    and occ.anonymous = pv.anonymous
  left join known_anonymous as ka on occ.profile_id = ka.profile_id
    and occ.anonymous = ka.anonymous
  left join revenue as r on occ.profile_id = r.profile_id
    and occ.anonymous = r.anonymous
  join profiles_values_2 as pv2 on occ.profile_id = pv2.profile_id
    and occ.anonymous = pv2.anonymous
  where not coalesce(sha256('best:' || pv.named_kind || ':' || pv.named_id) < '0ccccccd', false)
    and (not occ.anonymous or coalesce(ka.is_known, false))
    and r.revenue_number_value_a241b003 is not null
),
Order_Completed_count_numbered_2 as (
  select
    profile_id,
    anonymous,
    rollcall_value,
    named_kind,
    named_id,
    rollcall_place,
    count(*) over () as rollcall_ranked
  from Order_Completed_count_numbered
),
select
  occn.profile_id,
  case when occn.anonymous then 'anonymous' else 'user' end as profile_kind
from Order_Completed_count_numbered_2 as occn
left join known_anonymous as ka on occn.profile_id = ka.profile_id
  and occn.anonymous = ka.anonymous
where (occn.rollcall_place - 1) * 100000000 < occn.rollcall_ranked * 10000000
  and (not occn.anonymous or coalesce(ka.is_known, false))
