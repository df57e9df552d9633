subscriptions_repeated_ids_subscriptions_values as (
  select
    subscription_id,
    cast(hash(cast(subscription_id as varchar)) >> 1 as bigint) as id_hash
  from crm.subscriptions
),
subscriptions_repeated_ids_hashes as (
  select
    cast(hash(cast(subscription_id as varchar)) >> 1 as bigint) as id_hash
  from crm.subscriptions
  group by 1
  having count(*) > 1
),
subscriptions_repeated_ids as (
  select
    sris.subscription_id
  from subscriptions_repeated_ids_subscriptions_values as sris
  semi join subscriptions_repeated_ids_hashes as srih on sris.id_hash = srih.id_hash
  group by 1
  having count(*) > 1
),
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
subscriptions_numbered as (
  select
    s.subscription_id,
    s.customer_id,
    s.status,
    s.price,
    s.ends_at,
    row_number() over (
      partition by s.subscription_id
      order by
        cast(s.subscription_id as varchar) nulls last,
        s.customer_id nulls last,
        s.status nulls last,
        rtrim(rtrim(cast(cast(s.price as decimal(38, 9)) as varchar), '0'), '.') nulls last,
        (replace(cast(s.ends_at as varchar), ' ', 'T') || 'Z') nulls last
    ) as rollcall_place
  from crm.subscriptions as s
  semi join subscriptions_repeated_ids as sri on s.subscription_id = sri.subscription_id
),
subscriptions_together as (
  select
    s.customer_id,
    s.status,
    s.price,
    s.ends_at
  from crm.subscriptions as s
  anti join subscriptions_repeated_ids as sri on s.subscription_id = sri.subscription_id
  where s.subscription_id is not null
  union all
  select
    customer_id,
    status,
    price,
    ends_at
  from subscriptions_numbered
  where rollcall_place = 1
),
subscriptions_values as (
  select
    case when customer_id <> '' then customer_id end as user_id,
    cast(null as varchar) as anonymous_id,
    status as status_text_04f2e486,
    ends_at as ends_at_instant_a3bd3185,
    price as price_number_3c515f6f
  from subscriptions_together
),
subscriptions_sum as (
  select
    coalesce(sv.user_id, fu.linked_user_id, sv.anonymous_id) as profile_id,
    coalesce(sv.user_id, fu.linked_user_id) is null as anonymous
  from subscriptions_values as sv
  left join first_users as fu on sv.anonymous_id = fu.linked_anonymous_id
  where (sv.user_id is not null or sv.anonymous_id is not null)
    and sv.status_text_04f2e486 = 'active'
    and sv.ends_at_instant_a3bd3185 >= timestamp '2026-03-01 00:00:00'
    and sv.ends_at_instant_a3bd3185 <= timestamp '2026-03-01 00:00:00' + interval '30 days'
  group by 1, 2
  having case
      when list(sv.price_number_3c515f6f) filter (where sv.price_number_3c515f6f not between -1000000000000000000 and 1000000000000000000) is null then sum(case when sv.price_number_3c515f6f between -1000000000000000000 and 1000000000000000000 then sv.price_number_3c515f6f else sv.price_number_3c515f6f % 1 end)
      else list_reduce([try_cast((list_sum(list_transform(list(sv.price_number_3c515f6f) filter (where sv.price_number_3c515f6f not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(sum(case when sv.price_number_3c515f6f between -1000000000000000000 and 1000000000000000000 then sv.price_number_3c515f6f else sv.price_number_3c515f6f % 1 end) - sum(case when sv.price_number_3c515f6f between -1000000000000000000 and 1000000000000000000 then sv.price_number_3c515f6f else sv.price_number_3c515f6f % 1 end) % 1 as hugeint)) - sign((list_sum(list_transform(list(sv.price_number_3c515f6f) filter (where sv.price_number_3c515f6f not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(sum(case when sv.price_number_3c515f6f between -1000000000000000000 and 1000000000000000000 then sv.price_number_3c515f6f else sv.price_number_3c515f6f % 1 end) - sum(case when sv.price_number_3c515f6f between -1000000000000000000 and 1000000000000000000 then sv.price_number_3c515f6f else sv.price_number_3c515f6f % 1 end) % 1 as hugeint))) as decimal(38, 9)),
      cast(sign((list_sum(list_transform(list(sv.price_number_3c515f6f) filter (where sv.price_number_3c515f6f not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(sum(case when sv.price_number_3c515f6f between -1000000000000000000 and 1000000000000000000 then sv.price_number_3c515f6f else sv.price_number_3c515f6f % 1 end) - sum(case when sv.price_number_3c515f6f between -1000000000000000000 and 1000000000000000000 then sv.price_number_3c515f6f else sv.price_number_3c515f6f % 1 end) % 1 as hugeint))) as decimal(38, 9)) + sum(case when sv.price_number_3c515f6f between -1000000000000000000 and 1000000000000000000 then sv.price_number_3c515f6f else sv.price_number_3c515f6f % 1 end) % 1], lambda rc__a, rc__b: try(rc__a + rc__b))
    end >= 50
),
profiles_values as (
  select
    profile_id,
    anonymous
  from profiles
  where known
),
select
  ss.profile_id,
  case when ss.anonymous then 'anonymous' else 'user' end as profile_kind
from subscriptions_sum as ss
semi join profiles_values as pv on ss.profile_id = pv.profile_id
  and ss.anonymous = pv.anonymous
