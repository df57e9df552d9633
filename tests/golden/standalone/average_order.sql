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
Order_Completed_avg as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    list_transform(list_transform(list_transform(list_transform(list_transform(list_transform([
      {s: sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end),
       w: coalesce(list_sum(list_transform(list(oc.revenue_number_37096fa2) filter (where oc.revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))), 0),
       n: count(oc.revenue_number_37096fa2)}],
      lambda rc__t: {t: rc__t.w + cast(rc__t.s - rc__t.s % 1 as hugeint), f: cast(rc__t.s % 1 as decimal(38, 9)), n: rc__t.n}),
      lambda rc__t: {q: rc__t.t // rc__t.n, r: rc__t.t % rc__t.n * 1000000000 + cast(replace(cast(rc__t.f as varchar), '.', '') as hugeint), n: rc__t.n}),
      lambda rc__t: {q: rc__t.q, r: rc__t.r, n: rc__t.n, c: case when rc__t.q > 0 and rc__t.r < 0 then 1 when rc__t.q < 0 and rc__t.r > 0 then -1 else 0 end}),
      lambda rc__t: {q: rc__t.q - rc__t.c, r: rc__t.r + rc__t.c * rc__t.n * 1000000000, n: rc__t.n}),
      lambda rc__t: {q: rc__t.q, r: cast(sign(rc__t.r) * ((2 * abs(rc__t.r) + rc__t.n) // (2 * rc__t.n)) as decimal(38, 0)) * 0.000000001}),
      lambda rc__t: try(cast(rc__t.q as decimal(38, 9)) + rc__t.r))[1] as order_completed_avg_913b1323
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" >= timestamp '2026-03-01 00:00:00' - interval '365 days'
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
),
select
  oca.profile_id,
  case when oca.anonymous then 'anonymous' else 'user' end as profile_kind,
  rtrim(rtrim(cast(cast(oca.order_completed_avg_913b1323 as decimal(38, 9)) as varchar), '0'), '.') as value,
  cast(oca.order_completed_avg_913b1323 as decimal(38, 9)) as number_value,
  rtrim(rtrim(cast(cast(oca.order_completed_avg_913b1323 as decimal(38, 9)) as varchar), '0'), '.') as text_value
from Order_Completed_avg as oca
left join known_anonymous as ka on oca.profile_id = ka.profile_id
  and oca.anonymous = ka.anonymous
where oca.order_completed_avg_913b1323 is not null
  and (not oca.anonymous or coalesce(ka.is_known, false))
