-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
-- shared: Page_Viewed
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
Page_Viewed_periods as (
  select
    coalesce(pv.user_id, fu.linked_user_id, pv.anonymous_id) as profile_id,
    coalesce(pv.user_id, fu.linked_user_id) is null as anonymous
  from Page_Viewed as pv
  left join first_users as fu on pv.anonymous_id = fu.linked_anonymous_id
  where (pv.user_id is not null or pv.anonymous_id is not null)
    and pv."timestamp" >= timestamp '2026-03-01 00:00:00' - interval '28 days'
    and pv."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
  having count(distinct case
      when epoch_us(timestamp '2026-03-01 00:00:00') - epoch_us(pv."timestamp") < 2419200000000 then (epoch_us(timestamp '2026-03-01 00:00:00') - epoch_us(pv."timestamp")) // 604800000000
    end) >= 3
),
select
  pvp.profile_id,
  case when pvp.anonymous then 'anonymous' else 'user' end as profile_kind
from Page_Viewed_periods as pvp
left join known_anonymous as ka on pvp.profile_id = ka.profile_id
  and pvp.anonymous = ka.anonymous
where not pvp.anonymous or coalesce(ka.is_known, false)
