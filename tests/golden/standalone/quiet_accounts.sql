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
account_users_messages_together as (
  select
    m."timestamp",
    case when m.user_id <> '' then m.user_id end as user_id,
    case when m.anonymous_id <> '' then m.anonymous_id end as anonymous_id,
    case when m.group_id <> '' then m.group_id end as group_id
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'group'
    and case when m.group_id <> '' then m.group_id end is not null
  union all
  select
    wfl."timestamp",
    case when wfl.user_id <> '' then wfl.user_id end as user_id,
    case when wfl.anonymous_id <> '' then wfl.anonymous_id end as anonymous_id,
    case when wfl.group_id <> '' then wfl.group_id end as group_id
  from web_first_landings as wfl
  where wfl.type = 'group'
    and case when wfl.group_id <> '' then wfl.group_id end is not null
),
account_users_messages_values as (
  select
    coalesce(aumt.user_id, fu.linked_user_id, aumt.anonymous_id) as profile_id,
    coalesce(aumt.user_id, fu.linked_user_id) is null as anonymous,
    aumt.group_id
  from account_users_messages_together as aumt
  left join first_users as fu on aumt.anonymous_id = fu.linked_anonymous_id
  where aumt."timestamp" <= timestamp '2026-03-01 00:00:00'
    and (aumt.user_id is not null or aumt.anonymous_id is not null)
),
account_users as (
  select distinct
    aumv.profile_id,
    aumv.anonymous,
    aumv.group_id as account,
    aumv.group_id
  from account_users_messages_values as aumv
  semi join universe as u on aumv.profile_id = u.profile_id
    and aumv.anonymous = u.anonymous
),
-- shared: Page_Viewed
messages_together as (
  select
    m.message_id,
    m."timestamp",
    case when m.group_id <> '' then m.group_id end as group_id,
    json_extract(case when not (cast(m.traits as json) = 'null') then cast(m.traits as json) end, '$.plan') as plan_mention_84ca5176
  from web.messages as m
  anti join web_repeated_ids as wri on m.message_id = wri.message_id
  where m.message_id is not null
    and m.type = 'group'
    and case when m.group_id <> '' then m.group_id end is not null
  union all
  select
    wfl.message_id,
    wfl."timestamp",
    case when wfl.group_id <> '' then wfl.group_id end as group_id,
    json_extract(case
        when not (cast(wfl.traits as json) = 'null') then cast(wfl.traits as json)
      end, '$.plan') as plan_mention_84ca5176
  from web_first_landings as wfl
  where wfl.type = 'group'
    and case when wfl.group_id <> '' then wfl.group_id end is not null
),
account_traits as (
  select
    mt.group_id as profile_id,
    arg_max(mt.plan_mention_84ca5176, create_sort_key(mt."timestamp", 'asc nulls last', mt.message_id, 'asc nulls last')) as plan_mention_84ca5176
  from messages_together as mt
  where mt."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1
),
Page_Viewed_count as (
  select
    coalesce(pv.user_id, fu.linked_user_id, pv.anonymous_id) as profile_id,
    coalesce(pv.user_id, fu.linked_user_id) is null as anonymous
  from Page_Viewed as pv
  left join first_users as fu on pv.anonymous_id = fu.linked_anonymous_id
  where (pv.user_id is not null or pv.anonymous_id is not null)
    and pv."timestamp" >= timestamp '2026-03-01 00:00:00' - interval '14 days'
    and pv."timestamp" <= timestamp '2026-03-01 00:00:00'
  group by 1, 2
),
account_users_values as (
  select distinct
    au.account as profile_id
  from account_users as au
  semi join Page_Viewed_count as pvc on au.profile_id = pvc.profile_id
    and au.anonymous = pvc.anonymous
),
select
  at2.profile_id,
  'account' as profile_kind
from account_traits as at2
anti join account_users_values as auv on at2.profile_id = auv.profile_id
where case
    when starts_with(at2.plan_mention_84ca5176, '"') then case when contains(at2.plan_mention_84ca5176, '\') then json_extract_string(at2.plan_mention_84ca5176, '$') else substr(at2.plan_mention_84ca5176, 2, length(at2.plan_mention_84ca5176) - 2) end
    when at2.plan_mention_84ca5176 = 'null' then null
    when left(at2.plan_mention_84ca5176, 1) in ('{', '[', 't', 'f') or not (contains(at2.plan_mention_84ca5176, '.') or contains(at2.plan_mention_84ca5176, 'e') or contains(at2.plan_mention_84ca5176, 'E') or contains(at2.plan_mention_84ca5176, '-0')) then cast(at2.plan_mention_84ca5176 as varchar)
    else coalesce(rtrim(rtrim(cast(case when abs(try_cast(at2.plan_mention_84ca5176 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(at2.plan_mention_84ca5176 as varchar) as decimal(18, 9)), try_cast(cast(at2.plan_mention_84ca5176 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(at2.plan_mention_84ca5176 as varchar))
  end is not null
