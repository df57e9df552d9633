-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
Product_Added_messages_values as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(m.properties as json), '$.price'), 'null') as rollcall_value_1
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Product Added'
),
Product_Added_web_first_landings_values as (
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(wfl.properties as json), '$.price'), 'null') as rollcall_value_1
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Product Added'
),
Product_Added as (
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when starts_with(rollcall_value_1, '"') then case when contains(rollcall_value_1, '\') then json_extract_string(rollcall_value_1, '$') else substr(rollcall_value_1, 2, length(rollcall_value_1) - 2) end
      when rollcall_value_1 = 'null' then null
      when left(rollcall_value_1, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_1, '.') or contains(rollcall_value_1, 'e') or contains(rollcall_value_1, 'E') or contains(rollcall_value_1, '-0')) then cast(rollcall_value_1 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_1 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_1 as varchar))
    end as price_text_fc73b706,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as price_number_3c515f6f
  from Product_Added_messages_values
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
    end as price_text_fc73b706,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as price_number_3c515f6f
  from Product_Added_web_first_landings_values
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
    nullif(json_extract(cast(m.properties as json), '$.price'), 'null') as rollcall_value_1,
    nullif(json_extract(cast(m.properties as json), '$.payment'), 'null') as rollcall_value_2
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
    nullif(json_extract(cast(wfl.properties as json), '$.price'), 'null') as rollcall_value_1,
    nullif(json_extract(cast(wfl.properties as json), '$.payment'), 'null') as rollcall_value_2
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
    end as price_text_fc73b706,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as price_number_3c515f6f,
    case
      when starts_with(rollcall_value_2, '"') then case when contains(rollcall_value_2, '\') then json_extract_string(rollcall_value_2, '$') else substr(rollcall_value_2, 2, length(rollcall_value_2) - 2) end
      when rollcall_value_2 = 'null' then null
      when left(rollcall_value_2, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_2, '.') or contains(rollcall_value_2, 'e') or contains(rollcall_value_2, 'E') or contains(rollcall_value_2, '-0')) then cast(rollcall_value_2 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_2 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_2 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_2 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_2 as varchar))
    end as payment_text_7c1bc086
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
    end as price_text_fc73b706,
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as price_number_3c515f6f,
    case
      when starts_with(rollcall_value_2, '"') then case when contains(rollcall_value_2, '\') then json_extract_string(rollcall_value_2, '$') else substr(rollcall_value_2, 2, length(rollcall_value_2) - 2) end
      when rollcall_value_2 = 'null' then null
      when left(rollcall_value_2, 1) in ('{', '[', 't', 'f') or not (contains(rollcall_value_2, '.') or contains(rollcall_value_2, 'e') or contains(rollcall_value_2, 'E') or contains(rollcall_value_2, '-0')) then cast(rollcall_value_2 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(rollcall_value_2 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(rollcall_value_2 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_2 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(rollcall_value_2 as varchar))
    end as payment_text_7c1bc086
  from Order_Completed_web_first_landings_values
),
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
    pa."timestamp",
    pa.price_text_fc73b706,
    pa.price_number_3c515f6f,
    cast(null as varchar) as message_id,
    cast(null as varchar) as source_id,
    'web' as origin
  from Product_Added as pa
  left join first_users as fu on pa.anonymous_id = fu.linked_anonymous_id
  where (pa.user_id is not null or pa.anonymous_id is not null)
    and pa."timestamp" <= timestamp '2026-03-01 00:00:00'
),
parents_of_Order_Completed as (
  select
    profile_id,
    anonymous,
    "timestamp",
    price_text_fc73b706,
    price_number_3c515f6f,
    message_id,
    source_id,
    origin,
    row_number() over (
      partition by profile_id, anonymous
      order by
        "timestamp",
        price_text_fc73b706,
        price_number_3c515f6f,
        message_id,
        source_id,
        origin
    ) as order_completed_mode_68f554cf_no
  from Product_Added_filtered
),
Order_Completed_values as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    oc."timestamp" as order_completed_mode_68f554cf_timestamp,
    oc.price_text_fc73b706 as order_completed_mode_68f554cf_price_text_fc73b706,
    oc.price_number_3c515f6f as order_completed_mode_68f554cf_price_number_3c515f6f,
    oc.payment_text_7c1bc086 as order_completed_mode_68f554cf_payment_text_7c1bc086
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
),
parents_of_Order_Completed_grouped as (
  select
    pooc.profile_id,
    pooc.anonymous,
    pooc.order_completed_mode_68f554cf_no,
    ocv.order_completed_mode_68f554cf_payment_text_7c1bc086 as text,
    count(*) as frequency
  from parents_of_Order_Completed as pooc
  join Order_Completed_values as ocv on pooc.profile_id = ocv.profile_id
    and pooc.anonymous = ocv.anonymous
    and ocv.order_completed_mode_68f554cf_timestamp > pooc."timestamp"
    and ocv.order_completed_mode_68f554cf_timestamp <= pooc."timestamp" + interval '1 day'
    and coalesce(ocv.order_completed_mode_68f554cf_price_number_3c515f6f < pooc.price_number_3c515f6f, ocv.order_completed_mode_68f554cf_price_text_fc73b706 < pooc.price_text_fc73b706)
  where ocv.order_completed_mode_68f554cf_payment_text_7c1bc086 is not null
  group by 1, 2, 3, 4
  having count(*) >= 2
),
parents_of_Order_Completed_grouped_2 as (
  select
    profile_id,
    anonymous,
    order_completed_mode_68f554cf_no,
    arg_min(text, create_sort_key(-frequency, 'asc nulls last', text, 'asc nulls last')) as order_completed_mode_68f554cf
  from parents_of_Order_Completed_grouped
  group by 1, 2, 3
),
Product_Added_count as (
  select
    pooc.profile_id,
    pooc.anonymous
  from parents_of_Order_Completed as pooc
  left join parents_of_Order_Completed_grouped_2 as pooc2 on pooc.profile_id = pooc2.profile_id
    and pooc.anonymous = pooc2.anonymous
    and pooc.order_completed_mode_68f554cf_no = pooc2.order_completed_mode_68f554cf_no
  where pooc2.order_completed_mode_68f554cf = 'card'
  group by 1, 2
),
select
  pac.profile_id,
  case when pac.anonymous then 'anonymous' else 'user' end as profile_kind
from Product_Added_count as pac
left join known_anonymous as ka on pac.profile_id = ka.profile_id
  and pac.anonymous = ka.anonymous
where not pac.anonymous or coalesce(ka.is_known, false)
