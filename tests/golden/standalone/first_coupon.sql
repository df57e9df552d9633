-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
Order_Completed as (
  select
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    m."timestamp",
    m.message_id,
    nullif(json_extract(cast(m.properties as json), '$.coupon'), 'null') as coupon_json_0edbcdf4
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Order Completed'
  union all
  select
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    wfl."timestamp",
    wfl.message_id,
    nullif(json_extract(cast(wfl.properties as json), '$.coupon'), 'null') as coupon_json_0edbcdf4
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Order Completed'
),
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
Order_Completed_first as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    arg_min(oc.coupon_json_0edbcdf4, create_sort_key(oc."timestamp", 'asc nulls last', oc.message_id, 'asc nulls last')) as order_completed_first_b03fe838
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
),
select
  ocf.profile_id,
  case when ocf.anonymous then 'anonymous' else 'user' end as profile_kind,
  case
    when starts_with(cast(ocf.order_completed_first_b03fe838 as varchar), '"') then cast(ocf.order_completed_first_b03fe838 as varchar)
    else case
        when starts_with(ocf.order_completed_first_b03fe838, '"') then case when contains(ocf.order_completed_first_b03fe838, '\') then json_extract_string(ocf.order_completed_first_b03fe838, '$') else substr(ocf.order_completed_first_b03fe838, 2, length(ocf.order_completed_first_b03fe838) - 2) end
        when ocf.order_completed_first_b03fe838 = 'null' then null
        when left(ocf.order_completed_first_b03fe838, 1) in ('{', '[', 't', 'f') or not (contains(ocf.order_completed_first_b03fe838, '.') or contains(ocf.order_completed_first_b03fe838, 'e') or contains(ocf.order_completed_first_b03fe838, 'E') or contains(ocf.order_completed_first_b03fe838, '-0')) then cast(ocf.order_completed_first_b03fe838 as varchar)
        else coalesce(rtrim(rtrim(cast(case when abs(try_cast(ocf.order_completed_first_b03fe838 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(ocf.order_completed_first_b03fe838 as varchar) as decimal(18, 9)), try_cast(cast(ocf.order_completed_first_b03fe838 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(ocf.order_completed_first_b03fe838 as varchar))
      end
  end as value,
  case
    when starts_with(cast(ocf.order_completed_first_b03fe838 as varchar), '"') then cast(null as decimal(38, 9))
    else case
        when regexp_full_match(ocf.order_completed_first_b03fe838, '-?[0-9.]+') then coalesce(try_cast(cast(ocf.order_completed_first_b03fe838 as varchar) as decimal(18, 9)), try_cast(cast(ocf.order_completed_first_b03fe838 as varchar) as decimal(38, 9)))
        else case
          when regexp_full_match(trim(ocf.order_completed_first_b03fe838, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(ocf.order_completed_first_b03fe838, '"') as decimal(18, 9)), try_cast(trim(ocf.order_completed_first_b03fe838, '"') as decimal(38, 9)))
          when regexp_full_match(trim(ocf.order_completed_first_b03fe838, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(ocf.order_completed_first_b03fe838, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
            lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
            lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
        end
      end
  end as number_value,
  case
    when starts_with(ocf.order_completed_first_b03fe838, '"') then case when contains(ocf.order_completed_first_b03fe838, '\') then json_extract_string(ocf.order_completed_first_b03fe838, '$') else substr(ocf.order_completed_first_b03fe838, 2, length(ocf.order_completed_first_b03fe838) - 2) end
    when ocf.order_completed_first_b03fe838 = 'null' then null
    when left(ocf.order_completed_first_b03fe838, 1) in ('{', '[', 't', 'f') or not (contains(ocf.order_completed_first_b03fe838, '.') or contains(ocf.order_completed_first_b03fe838, 'e') or contains(ocf.order_completed_first_b03fe838, 'E') or contains(ocf.order_completed_first_b03fe838, '-0')) then cast(ocf.order_completed_first_b03fe838 as varchar)
    else coalesce(rtrim(rtrim(cast(case when abs(try_cast(ocf.order_completed_first_b03fe838 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(ocf.order_completed_first_b03fe838 as varchar) as decimal(18, 9)), try_cast(cast(ocf.order_completed_first_b03fe838 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(ocf.order_completed_first_b03fe838 as varchar))
  end as text_value
from Order_Completed_first as ocf
left join known_anonymous as ka on ocf.profile_id = ka.profile_id
  and ocf.anonymous = ka.anonymous
where ocf.order_completed_first_b03fe838 is not null
  and (not ocf.anonymous or coalesce(ka.is_known, false))
