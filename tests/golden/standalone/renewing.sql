-- shared: web_repeated_ids_messages_values
-- shared: web_repeated_ids_hashes
-- shared: web_repeated_ids
-- shared: web_first_landings_messages_numbered
-- shared: web_first_landings
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
messages_together as (
  select
    m.message_id,
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    json_extract(case when not (cast(m.traits as json) = 'null') then cast(m.traits as json) end, '$.renews_at') as renews_at_mention_62274ee1,
    json_extract(case when not (cast(m.traits as json) = 'null') then cast(m.traits as json) end, '$.plan') as plan_mention_84ca5176,
    json_extract(case when not (cast(m.traits as json) = 'null') then cast(m.traits as json) end, '$.country') as country_mention_614d2c36
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'identify'
  union all
  select
    wfl.message_id,
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    json_extract(case
        when not (cast(wfl.traits as json) = 'null') then cast(wfl.traits as json)
      end, '$.renews_at') as renews_at_mention_62274ee1,
    json_extract(case
        when not (cast(wfl.traits as json) = 'null') then cast(wfl.traits as json)
      end, '$.plan') as plan_mention_84ca5176,
    json_extract(case
        when not (cast(wfl.traits as json) = 'null') then cast(wfl.traits as json)
      end, '$.country') as country_mention_614d2c36
  from web_first_landings as wfl
  where wfl.type = 'identify'
),
custom_traits as (
  select
    coalesce(mt.user_id, fu.linked_user_id, mt.anonymous_id) as profile_id,
    coalesce(mt.user_id, fu.linked_user_id) is null as anonymous,
    arg_max(mt.renews_at_mention_62274ee1, create_sort_key(mt."timestamp", 'asc nulls last', mt.message_id, 'asc nulls last')) as renews_at_mention_62274ee1,
    arg_max(mt.plan_mention_84ca5176, create_sort_key(mt."timestamp", 'asc nulls last', mt.message_id, 'asc nulls last')) as plan_mention_84ca5176,
    arg_max(mt.country_mention_614d2c36, create_sort_key(mt."timestamp", 'asc nulls last', mt.message_id, 'asc nulls last')) as country_mention_614d2c36
  from messages_together as mt
  left join first_users as fu on mt.anonymous_id = fu.linked_anonymous_id
  where mt."timestamp" <= timestamp '2026-03-01 00:00:00'
    and (mt.user_id is not null or mt.anonymous_id is not null)
  group by 1, 2
),
select
  ct.profile_id,
  case when ct.anonymous then 'anonymous' else 'user' end as profile_kind
from custom_traits as ct
left join known_anonymous as ka on ct.profile_id = ka.profile_id
  and ct.anonymous = ka.anonymous
where case
      when json_extract_string(ct.renews_at_mention_62274ee1, '$') < '0001' then null
      when regexp_full_match(json_extract_string(ct.renews_at_mention_62274ee1, '$'), '\d{4}-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?Z?)?)?') then try_cast(json_extract_string(ct.renews_at_mention_62274ee1, '$') as timestamp)
      when regexp_full_match(json_extract_string(ct.renews_at_mention_62274ee1, '$'), '\d{4}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:[Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)') then try_cast(regexp_replace(upper(json_extract_string(ct.renews_at_mention_62274ee1, '$')), '^(.{16})([Z+-])', '\1:00\2') as timestamptz) at time zone 'UTC'
    end >= timestamp '2026-03-01 00:00:00'
  and case
      when json_extract_string(ct.renews_at_mention_62274ee1, '$') < '0001' then null
      when regexp_full_match(json_extract_string(ct.renews_at_mention_62274ee1, '$'), '\d{4}-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?Z?)?)?') then try_cast(json_extract_string(ct.renews_at_mention_62274ee1, '$') as timestamp)
      when regexp_full_match(json_extract_string(ct.renews_at_mention_62274ee1, '$'), '\d{4}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:[Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)') then try_cast(regexp_replace(upper(json_extract_string(ct.renews_at_mention_62274ee1, '$')), '^(.{16})([Z+-])', '\1:00\2') as timestamptz) at time zone 'UTC'
    end <= timestamp '2026-03-01 00:00:00' + interval '14 days'
  and (nullif(ct.plan_mention_84ca5176, 'null') in ('"pro"', '"business"') or contains(ct.plan_mention_84ca5176, '\') and json_extract_string(ct.plan_mention_84ca5176, '$') in ('pro', 'business'))
  and (contains(case
        when starts_with(ct.country_mention_614d2c36, '"') then case when contains(ct.country_mention_614d2c36, '\') then json_extract_string(ct.country_mention_614d2c36, '$') else substr(ct.country_mention_614d2c36, 2, length(ct.country_mention_614d2c36) - 2) end
        when ct.country_mention_614d2c36 = 'null' then null
        when left(ct.country_mention_614d2c36, 1) in ('{', '[', 't', 'f') or not (contains(ct.country_mention_614d2c36, '.') or contains(ct.country_mention_614d2c36, 'e') or contains(ct.country_mention_614d2c36, 'E') or contains(ct.country_mention_614d2c36, '-0')) then cast(ct.country_mention_614d2c36 as varchar)
        else coalesce(rtrim(rtrim(cast(case when abs(try_cast(ct.country_mention_614d2c36 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(ct.country_mention_614d2c36 as varchar) as decimal(18, 9)), try_cast(cast(ct.country_mention_614d2c36 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(ct.country_mention_614d2c36 as varchar))
      end, 'de')
    or contains(case
        when starts_with(ct.country_mention_614d2c36, '"') then case when contains(ct.country_mention_614d2c36, '\') then json_extract_string(ct.country_mention_614d2c36, '$') else substr(ct.country_mention_614d2c36, 2, length(ct.country_mention_614d2c36) - 2) end
        when ct.country_mention_614d2c36 = 'null' then null
        when left(ct.country_mention_614d2c36, 1) in ('{', '[', 't', 'f') or not (contains(ct.country_mention_614d2c36, '.') or contains(ct.country_mention_614d2c36, 'e') or contains(ct.country_mention_614d2c36, 'E') or contains(ct.country_mention_614d2c36, '-0')) then cast(ct.country_mention_614d2c36 as varchar)
        else coalesce(rtrim(rtrim(cast(case when abs(try_cast(ct.country_mention_614d2c36 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(ct.country_mention_614d2c36 as varchar) as decimal(18, 9)), try_cast(cast(ct.country_mention_614d2c36 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(ct.country_mention_614d2c36 as varchar))
      end, 'a_t'))
  and (not ct.anonymous or coalesce(ka.is_known, false))
