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
-- shared: Order_Completed_messages_values
-- shared: Order_Completed_web_first_landings_values
-- shared: Order_Completed
Order_Completed_2_messages_values as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(m.properties as json), '$.sku'), 'null') as rollcall_value_1
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Order Completed'
),
Order_Completed_2_web_first_landings_values as (
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(wfl.properties as json), '$.sku'), 'null') as rollcall_value_1
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Order Completed'
),
Order_Completed_2 as (
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as sku_text_4bd66640
  from Order_Completed_2_messages_values
  union all
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as sku_text_4bd66640
  from Order_Completed_2_web_first_landings_values
),
-- shared: known_anonymous_messages_together
-- shared: known_anonymous_messages_values
-- shared: known_anonymous_web_first_landings_values
-- shared: known_anonymous_messages_together_2
-- shared: known_anonymous_messages_together_3
-- shared: known_anonymous_messages_values_2
-- shared: known_anonymous
Order_Completed_values as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    oc."timestamp" as order_completed_sum_43537a93_at,
    oc.revenue_number_37096fa2 as order_completed_sum_43537a93_of
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
),
Order_Completed_and_its_parents as (
  select
    coalesce(pa.user_id, fu.linked_user_id, pa.anonymous_id) as profile_id,
    coalesce(pa.user_id, fu.linked_user_id) is null as anonymous,
    pa."timestamp",
    epoch_us(pa."timestamp") as order_completed_sum_43537a93_at,
    cast(null as decimal(38, 9)) as order_completed_sum_43537a93_of,
    true as order_completed_sum_43537a93_is_parent
  from Product_Added as pa
  left join first_users as fu on pa.anonymous_id = fu.linked_anonymous_id
  where (pa.user_id is not null or pa.anonymous_id is not null)
    and pa."timestamp" <= timestamp '2026-03-01 00:00:00'
  union all
  select
    ocv.profile_id,
    ocv.anonymous,
    cast(null as timestamp) as "timestamp",
    epoch_us(ocv.order_completed_sum_43537a93_at) as order_completed_sum_43537a93_at,
    ocv.order_completed_sum_43537a93_of,
    false as order_completed_sum_43537a93_is_parent
  from Order_Completed_values as ocv
  where ocv.profile_id is not null
    and ocv.anonymous is not null
    and ocv.order_completed_sum_43537a93_of is not null
),
Order_Completed_and_its_parents_numbered as (
  select
    profile_id,
    anonymous,
    "timestamp",
    order_completed_sum_43537a93_at,
    order_completed_sum_43537a93_of,
    order_completed_sum_43537a93_is_parent,
    case
      when sum(case when order_completed_sum_43537a93_of not between -1000000000000000000 and 1000000000000000000 then cast(order_completed_sum_43537a93_of - order_completed_sum_43537a93_of % 1 as hugeint) end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) is null then sum(case when order_completed_sum_43537a93_of between -1000000000000000000 and 1000000000000000000 then order_completed_sum_43537a93_of else order_completed_sum_43537a93_of % 1 end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    )
      else list_reduce([try_cast((sum(case when order_completed_sum_43537a93_of not between -1000000000000000000 and 1000000000000000000 then cast(order_completed_sum_43537a93_of - order_completed_sum_43537a93_of % 1 as hugeint) end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) + cast(sum(case when order_completed_sum_43537a93_of between -1000000000000000000 and 1000000000000000000 then order_completed_sum_43537a93_of else order_completed_sum_43537a93_of % 1 end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) - sum(case when order_completed_sum_43537a93_of between -1000000000000000000 and 1000000000000000000 then order_completed_sum_43537a93_of else order_completed_sum_43537a93_of % 1 end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) % 1 as hugeint)) - sign((sum(case when order_completed_sum_43537a93_of not between -1000000000000000000 and 1000000000000000000 then cast(order_completed_sum_43537a93_of - order_completed_sum_43537a93_of % 1 as hugeint) end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) + cast(sum(case when order_completed_sum_43537a93_of between -1000000000000000000 and 1000000000000000000 then order_completed_sum_43537a93_of else order_completed_sum_43537a93_of % 1 end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) - sum(case when order_completed_sum_43537a93_of between -1000000000000000000 and 1000000000000000000 then order_completed_sum_43537a93_of else order_completed_sum_43537a93_of % 1 end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) % 1 as hugeint))) as decimal(38, 9)),
      cast(sign((sum(case when order_completed_sum_43537a93_of not between -1000000000000000000 and 1000000000000000000 then cast(order_completed_sum_43537a93_of - order_completed_sum_43537a93_of % 1 as hugeint) end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) + cast(sum(case when order_completed_sum_43537a93_of between -1000000000000000000 and 1000000000000000000 then order_completed_sum_43537a93_of else order_completed_sum_43537a93_of % 1 end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) - sum(case when order_completed_sum_43537a93_of between -1000000000000000000 and 1000000000000000000 then order_completed_sum_43537a93_of else order_completed_sum_43537a93_of % 1 end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) % 1 as hugeint))) as decimal(38, 9)) + sum(case when order_completed_sum_43537a93_of between -1000000000000000000 and 1000000000000000000 then order_completed_sum_43537a93_of else order_completed_sum_43537a93_of % 1 end) over (
      partition by profile_id, anonymous
      order by order_completed_sum_43537a93_at
      range between 1 following and 86400000000 following
    ) % 1], lambda rc__a, rc__b: try(rc__a + rc__b))
    end as order_completed_sum_43537a93
  from Order_Completed_and_its_parents
),
Order_Completed_2_values as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    oc."timestamp" as order_completed_unique_count_78e01abc_at,
    oc.sku_text_4bd66640 as order_completed_unique_count_78e01abc_of
  from Order_Completed_2 as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
),
Order_Completed_and_its_parents_2 as (
  select
    profile_id,
    anonymous,
    order_completed_sum_43537a93,
    epoch_us("timestamp") as order_completed_unique_count_78e01abc_at,
    cast(null as varchar) as order_completed_unique_count_78e01abc_of,
    true as order_completed_unique_count_78e01abc_is_parent
  from Order_Completed_and_its_parents_numbered
  where order_completed_sum_43537a93_is_parent
  union all
  select
    ocv.profile_id,
    ocv.anonymous,
    cast(null as decimal(38, 9)) as order_completed_sum_43537a93,
    epoch_us(ocv.order_completed_unique_count_78e01abc_at) as order_completed_unique_count_78e01abc_at,
    ocv.order_completed_unique_count_78e01abc_of,
    false as order_completed_unique_count_78e01abc_is_parent
  from Order_Completed_2_values as ocv
  where ocv.profile_id is not null
    and ocv.anonymous is not null
    and ocv.order_completed_unique_count_78e01abc_of is not null
),
Order_Completed_and_its_parents_numbered_2 as (
  select
    profile_id,
    anonymous,
    order_completed_sum_43537a93,
    order_completed_unique_count_78e01abc_at,
    order_completed_unique_count_78e01abc_of,
    order_completed_unique_count_78e01abc_is_parent,
    count(distinct order_completed_unique_count_78e01abc_of) over (
      partition by profile_id, anonymous
      order by order_completed_unique_count_78e01abc_at
      range between 1 following and 86400000000 following
    ) as order_completed_unique_count_78e01abc
  from Order_Completed_and_its_parents_2
),
Product_Added_count as (
  select
    profile_id,
    anonymous
  from Order_Completed_and_its_parents_numbered_2
  where order_completed_unique_count_78e01abc_is_parent
    and order_completed_sum_43537a93 > 100
    and coalesce(order_completed_unique_count_78e01abc, 0) >= 2
  group by 1, 2
),
select
  pac.profile_id,
  case when pac.anonymous then 'anonymous' else 'user' end as profile_kind
from Product_Added_count as pac
left join known_anonymous as ka on pac.profile_id = ka.profile_id
  and pac.anonymous = ka.anonymous
where not pac.anonymous or coalesce(ka.is_known, false)
