-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
-- shared: Order_Completed_messages_values
-- shared: Order_Completed_web_first_landings_values
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
Order_Completed_measures as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
  having case
      when list(oc.revenue_number_37096fa2) filter (where oc.revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000 and (oc."timestamp" <= timestamp '2026-03-01 00:00:00')) is null then sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) filter (where oc."timestamp" <= timestamp '2026-03-01 00:00:00') + sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) filter (where oc."timestamp" <= timestamp '2026-03-01 00:00:00') >= 39.999999999 * count(oc.revenue_number_37096fa2) filter (where oc."timestamp" <= timestamp '2026-03-01 00:00:00')
      else 2 * list_sum(list_transform(list(oc.revenue_number_37096fa2) filter (where oc.revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000 and (oc."timestamp" <= timestamp '2026-03-01 00:00:00')), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(floor(sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) filter (where oc."timestamp" <= timestamp '2026-03-01 00:00:00') + sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) filter (where oc."timestamp" <= timestamp '2026-03-01 00:00:00') - 39.999999999 * count(oc.revenue_number_37096fa2) filter (where oc."timestamp" <= timestamp '2026-03-01 00:00:00')) as hugeint) >= 0
    end
    and min(oc.revenue_number_37096fa2) filter (where oc."timestamp" <= timestamp '2026-03-01 00:00:00') > 5
    and max(oc.revenue_number_37096fa2) filter (where oc."timestamp" <= timestamp '2026-03-01 00:00:00') < 500
),
select
  ocm.profile_id,
  case when ocm.anonymous then 'anonymous' else 'user' end as profile_kind
from Order_Completed_measures as ocm
left join known_anonymous as ka on ocm.profile_id = ka.profile_id
  and ocm.anonymous = ka.anonymous
where not ocm.anonymous or coalesce(ka.is_known, false)
