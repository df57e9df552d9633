web_repeated_ids_messages_values as (
  select
    message_id,
    cast(hash(message_id) >> 1 as bigint) as id_hash
  from web.messages
)

web_repeated_ids_hashes as (
  select
    cast(hash(message_id) >> 1 as bigint) as id_hash
  from web.messages
  group by 1
  having count(*) > 1
)

web_repeated_ids as (
  select
    wrim.message_id
  from web_repeated_ids_messages_values as wrim
  semi join web_repeated_ids_hashes as wrih on wrim.id_hash = wrih.id_hash
  group by 1
  having count(*) > 1
)

web_first_landings_messages_numbered as (
  select
    m.message_id,
    m.type,
    m.event,
    m.name,
    m."timestamp",
    m.received_at,
    m.user_id,
    m.anonymous_id,
    m.group_id,
    m.properties,
    m.traits,
    m.context,
    m.source_id,
    row_number() over (
      partition by coalesce(m.type, ''), m.message_id
      order by
        m.received_at nulls last,
        m."timestamp" nulls last,
        case when m.user_id <> '' then m.user_id end nulls last,
        case when m.anonymous_id <> '' then m.anonymous_id end nulls last,
        m.message_id nulls last,
        m.type nulls last,
        m.event nulls last,
        m.name nulls last,
        (replace(cast(m."timestamp" as varchar), ' ', 'T') || 'Z') nulls last,
        (replace(cast(m.received_at as varchar), ' ', 'T') || 'Z') nulls last,
        m.user_id nulls last,
        m.anonymous_id nulls last,
        m.group_id nulls last,
        cast(json(cast(m.properties as json)) as varchar) nulls last,
        cast(json(cast(m.traits as json)) as varchar) nulls last,
        cast(json(cast(m.context as json)) as varchar) nulls last,
        m.source_id nulls last
    ) as rollcall_landing
  from web.messages as m
  semi join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
)

web_first_landings as (
  select
    message_id,
    type,
    event,
    name,
    "timestamp",
    received_at,
    user_id,
    anonymous_id,
    group_id,
    properties,
    traits,
    context,
    source_id
  from web_first_landings_messages_numbered
  where rollcall_landing = 1
)

first_users_messages_values as (
  select
    m.message_id,
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
)

first_users_web_first_landings_values as (
  select
    wfl.message_id,
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id
  from web_first_landings as wfl
)

first_users_messages_together as (
  select
    anonymous_id,
    user_id,
    "timestamp",
    message_id
  from first_users_messages_values
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
    and user_id is not null
    and anonymous_id is not null
  union all
  select
    anonymous_id,
    user_id,
    "timestamp",
    message_id
  from first_users_web_first_landings_values
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
    and user_id is not null
    and anonymous_id is not null
)

first_users as (
  select
    anonymous_id as linked_anonymous_id,
    arg_min(user_id, create_sort_key("timestamp", 'asc nulls last', message_id, 'asc nulls last', user_id, 'asc nulls last')) as linked_user_id
  from first_users_messages_together
  group by 1
)

known_anonymous_messages_together as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    json_extract(case when not (cast(m.traits as json) = 'null') then cast(m.traits as json) end, '$.email') as email_mention_b7361bd7
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'identify'
  union all
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    json_extract(case
        when not (cast(wfl.traits as json) = 'null') then cast(wfl.traits as json)
      end, '$.email') as email_mention_b7361bd7
  from web_first_landings as wfl
  where wfl.type = 'identify'
)

known_anonymous_messages_values as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    case
      when case when m.user_id <> '' then m.user_id end is null
          and coalesce(m.type in ('track', 'page', 'screen', 'identify'), false)
          and lower(cast(nullif(json_extract(cast(m.context as json), '$.device.type'), 'null') as varchar)) in ('"android"', '"ios"') then coalesce(starts_with(cast(nullif(json_extract(cast(m.context as json), '$.device.advertisingId'), 'null') as varchar), '"')
            and cast(nullif(json_extract(cast(m.context as json), '$.device.advertisingId'), 'null') as varchar) <> '""', false)
      else false
    end as has_device
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
)

known_anonymous_web_first_landings_values as (
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    case
      when case when wfl.user_id <> '' then wfl.user_id end is null
          and coalesce(wfl.type in ('track', 'page', 'screen', 'identify'), false)
          and lower(cast(nullif(json_extract(cast(wfl.context as json), '$.device.type'), 'null') as varchar)) in ('"android"', '"ios"') then coalesce(starts_with(cast(nullif(json_extract(cast(wfl.context as json), '$.device.advertisingId'), 'null') as varchar), '"')
            and cast(nullif(json_extract(cast(wfl.context as json), '$.device.advertisingId'), 'null') as varchar) <> '""', false)
      else false
    end as has_device
  from web_first_landings as wfl
)

known_anonymous_messages_together_2 as (
  select
    user_id,
    anonymous_id
  from known_anonymous_messages_values
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
    and has_device
  union all
  select
    user_id,
    anonymous_id
  from known_anonymous_web_first_landings_values
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
    and has_device
)

known_anonymous_messages_together_3 as (
  select
    user_id,
    anonymous_id
  from known_anonymous_messages_together
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
    and email_mention_b7361bd7 is not null
    and not (email_mention_b7361bd7 = 'null')
  union all
  select
    user_id,
    anonymous_id
  from known_anonymous_messages_together_2
)

known_anonymous_messages_values_2 as (
  select
    coalesce(kamt.user_id, fu.linked_user_id, kamt.anonymous_id) as profile_id,
    coalesce(kamt.user_id, fu.linked_user_id) is null as anonymous
  from known_anonymous_messages_together_3 as kamt
  left join first_users as fu on kamt.anonymous_id = fu.linked_anonymous_id
  where kamt.user_id is not null or kamt.anonymous_id is not null
)

known_anonymous as (
  select distinct
    profile_id,
    anonymous,
    true as is_known
  from known_anonymous_messages_values_2
  where anonymous
)

Order_Completed_messages_values as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(m.properties as json), '$.revenue'), 'null') as rollcall_value_1
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Order Completed'
)

Order_Completed_web_first_landings_values as (
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    nullif(json_extract(cast(wfl.properties as json), '$.revenue'), 'null') as rollcall_value_1
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Order Completed'
)

Order_Completed as (
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as revenue_number_37096fa2
  from Order_Completed_messages_values
  union all
  select
    user_id,
    anonymous_id,
    "timestamp",
    case
      when regexp_full_match(rollcall_value_1, '-?[0-9.]+') then coalesce(try_cast(cast(rollcall_value_1 as varchar) as decimal(18, 9)), try_cast(cast(rollcall_value_1 as varchar) as decimal(38, 9)))
      else case
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(rollcall_value_1, '"') as decimal(18, 9)), try_cast(trim(rollcall_value_1, '"') as decimal(38, 9)))
        when regexp_full_match(trim(rollcall_value_1, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(rollcall_value_1, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
          lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
          lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
      end
    end as revenue_number_37096fa2
  from Order_Completed_web_first_landings_values
)

Order_Completed_sum as (
  select
    coalesce(oc.user_id, fu.linked_user_id, oc.anonymous_id) as profile_id,
    coalesce(oc.user_id, fu.linked_user_id) is null as anonymous,
    case
      when list(oc.revenue_number_37096fa2) filter (where oc.revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000) is null then sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end)
      else list_reduce([try_cast((list_sum(list_transform(list(oc.revenue_number_37096fa2) filter (where oc.revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) - sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) % 1 as hugeint)) - sign((list_sum(list_transform(list(oc.revenue_number_37096fa2) filter (where oc.revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) - sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) % 1 as hugeint))) as decimal(38, 9)),
      cast(sign((list_sum(list_transform(list(oc.revenue_number_37096fa2) filter (where oc.revenue_number_37096fa2 not between -1000000000000000000 and 1000000000000000000), lambda rc__t: cast(rc__t - rc__t % 1 as hugeint))) + cast(sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) - sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) % 1 as hugeint))) as decimal(38, 9)) + sum(case when oc.revenue_number_37096fa2 between -1000000000000000000 and 1000000000000000000 then oc.revenue_number_37096fa2 else oc.revenue_number_37096fa2 % 1 end) % 1], lambda rc__a, rc__b: try(rc__a + rc__b))
    end as order_completed_sum_13f4fc13
  from Order_Completed as oc
  left join first_users as fu on oc.anonymous_id = fu.linked_anonymous_id
  where (oc.user_id is not null or oc.anonymous_id is not null)
    and oc."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
)

Order_Completed as (
  select
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    m."timestamp",
    m.message_id,
    nullif(json_extract(cast(m.properties as json), '$.payment'), 'null') as payment_json_688d7022
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
    nullif(json_extract(cast(wfl.properties as json), '$.payment'), 'null') as payment_json_688d7022
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Order Completed'
)

Product_Added as (
  select
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    m."timestamp"
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'track'
    and m.event = 'Product Added'
  union all
  select
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    wfl."timestamp"
  from web_first_landings as wfl
  where wfl.type = 'track'
    and wfl.event = 'Product Added'
)

Order_Completed as (
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
)

Product_Added_filtered as (
  select
    coalesce(pa.user_id, fu.linked_user_id, pa.anonymous_id) as profile_id,
    coalesce(pa.user_id, fu.linked_user_id) is null as anonymous,
    pa."timestamp"
  from Product_Added as pa
  left join first_users as fu on pa.anonymous_id = fu.linked_anonymous_id
  where (pa.user_id is not null or pa.anonymous_id is not null)
    and pa."timestamp" <= timestamp '2026-03-01 00:00:00'
)

universe_messages_values as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    coalesce(m.type in ('track', 'page', 'screen', 'identify'), false) as in_universe
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
)

universe_web_first_landings_values as (
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    coalesce(wfl.type in ('track', 'page', 'screen', 'identify'), false) as in_universe
  from web_first_landings as wfl
)

universe_messages_together as (
  select
    user_id,
    anonymous_id
  from universe_messages_values
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
    and in_universe
  union all
  select
    user_id,
    anonymous_id
  from universe_web_first_landings_values
  where "timestamp" <= timestamp '2026-03-01 00:00:00'
    and in_universe
)

universe_identifiers as (
  select distinct
    user_id,
    anonymous_id
  from universe_messages_together
)

universe_identifiers_together as (
  select
    ui.user_id,
    cast(null as varchar) as anonymous_id
  from universe_identifiers as ui
  union all
  select
    cast(null as varchar) as user_id,
    ui.anonymous_id
  from universe_identifiers as ui
)

universe as (
  select distinct
    coalesce(uit.user_id, fu.linked_user_id, uit.anonymous_id) as profile_id,
    coalesce(uit.user_id, fu.linked_user_id) is null as anonymous
  from universe_identifiers_together as uit
  left join first_users as fu on uit.anonymous_id = fu.linked_anonymous_id
  where uit.user_id is not null or uit.anonymous_id is not null
)

Page_Viewed as (
  select
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    m."timestamp"
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and ((m.type = 'track' and m.event = 'Page Viewed') or m.type = 'page')
  union all
  select
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    wfl."timestamp"
  from web_first_landings as wfl
  where (wfl.type = 'track' and wfl.event = 'Page Viewed') or wfl.type = 'page'
)

profiles as (
  select
    u.profile_id,
    u.anonymous,
    not u.anonymous or coalesce(ka.is_known, false) as known
  from universe as u
  left join known_anonymous as ka on u.profile_id = ka.profile_id
    and u.anonymous = ka.anonymous
)
