-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
Product_Viewed_messages_values as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(m.properties as json), '$.sku'), 'null') as rollcall_value_1
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Product Viewed'
),
Product_Viewed_web_first_landings_values as (
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(wfl.properties as json), '$.sku'), 'null') as rollcall_value_1
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Product Viewed'
),
Product_Viewed as (
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as sku_text_4bd66640,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as sku_number_94dc4a55
  from Product_Viewed_messages_values
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
    end as sku_text_4bd66640,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as sku_number_94dc4a55
  from Product_Viewed_web_first_landings_values
),
-- shared: first_users_messages_values
-- shared: first_users_web_first_landings_values
-- shared: first_users_messages_together
-- shared: first_users
Order_Completed_messages_values as (
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
Order_Completed_web_first_landings_values as (
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(wfl.properties as json), '$.sku'), 'null') as rollcall_value_1
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Order Completed'
),
Order_Completed as (
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as sku_text_4bd66640,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as sku_number_94dc4a55
  from Order_Completed_messages_values
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
    end as sku_text_4bd66640,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as sku_number_94dc4a55
  from Order_Completed_web_first_landings_values
),
-- shared: known_anonymous_messages_together
-- shared: known_anonymous_messages_values
-- shared: known_anonymous_web_first_landings_values
-- shared: known_anonymous_messages_together_2
-- shared: known_anonymous_messages_together_3
-- shared: known_anonymous_messages_values_2
-- shared: known_anonymous
Product_Viewed_values as (
  select
    coalesce(pv.user_id, fu.linked_user_id, pv.anonymous_id) as profile_id,
    coalesce(pv.user_id, fu.linked_user_id) is null as anonymous,
    pv."timestamp",
    coalesce(rtrim(rtrim(cast(cast(pv.sku_number_94dc4a55 as decimal(38, 9)) as varchar), '0'), '.'), pv.sku_text_4bd66640) as order_completed_count_ae985838_parent_0
  from Product_Viewed as pv
  left join first_users as fu on pv.anonymous_id = fu.linked_anonymous_id
  where (pv.user_id is not null or pv.anonymous_id is not null)
    and pv."timestamp" <= timestamp '2026-03-01 00:00:00'
),
Order_Completed_grouped as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    coalesce(rtrim(rtrim(cast(cast(oc.sku_number_94dc4a55 as decimal(38, 9)) as varchar), '0'), '.'), oc.sku_text_4bd66640) as order_completed_count_ae985838_child_0,
    oc."timestamp" as order_completed_count_ae985838_at,
    count(*) as order_completed_count_ae985838_n
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2, 3, 4
),
Order_Completed_so_far as (
  select
    profile_id,
    anonymous,
    order_completed_count_ae985838_child_0,
    order_completed_count_ae985838_at,
    order_completed_count_ae985838_n,
    cast(sum(order_completed_count_ae985838_n) over (
      partition by profile_id, anonymous, order_completed_count_ae985838_child_0
      order by order_completed_count_ae985838_at
      rows unbounded preceding
    ) as bigint) as order_completed_count_ae985838_so_far
  from Order_Completed_grouped
),
Product_Viewed_values_2 as (
  select
    pvv.profile_id,
    pvv.anonymous,
    coalesce(ocsf.order_completed_count_ae985838_so_far, 0) - coalesce(ocsf2.order_completed_count_ae985838_so_far, 0) as order_completed_count_ae985838
  from Product_Viewed_values as pvv
  asof left join Order_Completed_so_far as ocsf on pvv.profile_id = ocsf.profile_id
    and pvv.anonymous = ocsf.anonymous
    and pvv.order_completed_count_ae985838_parent_0 = ocsf.order_completed_count_ae985838_child_0
    and pvv."timestamp" + interval '7 days' >= ocsf.order_completed_count_ae985838_at
  asof left join Order_Completed_so_far as ocsf2 on pvv.profile_id = ocsf2.profile_id
    and pvv.anonymous = ocsf2.anonymous
    and pvv.order_completed_count_ae985838_parent_0 = ocsf2.order_completed_count_ae985838_child_0
    and pvv."timestamp" >= ocsf2.order_completed_count_ae985838_at
),
Product_Viewed_count as (
  select
    profile_id,
    anonymous
  from Product_Viewed_values_2
  where coalesce(order_completed_count_ae985838, 0) >= 2
  group by 1, 2
),
select
  pvc.profile_id,
  case when pvc.anonymous then 'anonymous' else 'user' end as profile_kind
from Product_Viewed_count as pvc
left join known_anonymous as ka on pvc.profile_id = ka.profile_id
  and pvc.anonymous = ka.anonymous
where not pvc.anonymous or coalesce(ka.is_known, false)
