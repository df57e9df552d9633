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
table_revenue_query as (
  select
    case when trq.user_id <> '' then trq.user_id end as id,
    cast(rtrim(rtrim(cast(try_cast(trq.table_revenue as decimal(38, 9)) as varchar), '0'), '.') as json) as table_revenue_json_e96cd102
  from (
select customer_id as user_id, sum(total) as table_revenue
from crm.orders
where ordered_at > (timestamp '2026-03-01 00:00:00' - interval '365 days')
group by customer_id
) as trq
),
table_revenue_query_values as (
  select
    id,
    case
      when starts_with(cast(table_revenue_json_e96cd102 as varchar), '"') then cast(table_revenue_json_e96cd102 as varchar)
      else case
          when starts_with(table_revenue_json_e96cd102, '"') then case when contains(table_revenue_json_e96cd102, '\') then json_extract_string(table_revenue_json_e96cd102, '$') else substr(table_revenue_json_e96cd102, 2, length(table_revenue_json_e96cd102) - 2) end
          when table_revenue_json_e96cd102 = 'null' then null
          when left(table_revenue_json_e96cd102, 1) in ('{', '[', 't', 'f') or not (contains(table_revenue_json_e96cd102, '.') or contains(table_revenue_json_e96cd102, 'e') or contains(table_revenue_json_e96cd102, 'E') or contains(table_revenue_json_e96cd102, '-0')) then cast(table_revenue_json_e96cd102 as varchar)
          else coalesce(rtrim(rtrim(cast(case when abs(try_cast(table_revenue_json_e96cd102 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(table_revenue_json_e96cd102 as varchar) as decimal(18, 9)), try_cast(cast(table_revenue_json_e96cd102 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(table_revenue_json_e96cd102 as varchar))
        end
    end as table_revenue_value_7851c00d,
    case
      when starts_with(cast(table_revenue_json_e96cd102 as varchar), '"') then cast(null as decimal(38, 9))
      else case
          when regexp_full_match(table_revenue_json_e96cd102, '-?[0-9.]+') then coalesce(try_cast(cast(table_revenue_json_e96cd102 as varchar) as decimal(18, 9)), try_cast(cast(table_revenue_json_e96cd102 as varchar) as decimal(38, 9)))
          else case
            when regexp_full_match(trim(table_revenue_json_e96cd102, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)') then coalesce(try_cast(trim(table_revenue_json_e96cd102, '"') as decimal(18, 9)), try_cast(trim(table_revenue_json_e96cd102, '"') as decimal(38, 9)))
            when regexp_full_match(trim(table_revenue_json_e96cd102, '"'), '[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+') then list_transform(list_transform([regexp_extract(trim(table_revenue_json_e96cd102, '"'), '([+-]?)(\d*)\.?(\d*)[eE](.*)', ['sign', 'whole', 'part', 'exp'])],
              lambda rc__t: {sign: rc__t.sign, d: repeat('0', 40) || rc__t.whole || rc__t.part || repeat('0', 40), p: 40 + length(rc__t.whole) + greatest(-1000000, least(1000000, coalesce(try_cast(rc__t.exp as bigint), if(starts_with(rc__t.exp, '-'), -1000000, 1000000))))}),
              lambda rc__t: try_cast(rc__t.sign || left(rc__t.d, greatest(rc__t.p, 0)) || '.' || substr(rc__t.d, greatest(rc__t.p, 0) + 1) as decimal(38, 9)))[1]
          end
        end
    end as table_revenue_number_value_ff2f5471,
    case
      when starts_with(table_revenue_json_e96cd102, '"') then case when contains(table_revenue_json_e96cd102, '\') then json_extract_string(table_revenue_json_e96cd102, '$') else substr(table_revenue_json_e96cd102, 2, length(table_revenue_json_e96cd102) - 2) end
      when table_revenue_json_e96cd102 = 'null' then null
      when left(table_revenue_json_e96cd102, 1) in ('{', '[', 't', 'f') or not (contains(table_revenue_json_e96cd102, '.') or contains(table_revenue_json_e96cd102, 'e') or contains(table_revenue_json_e96cd102, 'E') or contains(table_revenue_json_e96cd102, '-0')) then cast(table_revenue_json_e96cd102 as varchar)
      else coalesce(rtrim(rtrim(cast(case when abs(try_cast(table_revenue_json_e96cd102 as double)) < 5e-10 then 0 else coalesce(try_cast(cast(table_revenue_json_e96cd102 as varchar) as decimal(18, 9)), try_cast(cast(table_revenue_json_e96cd102 as varchar) as decimal(38, 9))) end as varchar), '0'), '.'), cast(table_revenue_json_e96cd102 as varchar))
    end as table_revenue_text_value_9d85e8fd
  from table_revenue_query
),
table_revenue_query_values_2 as (
  select
    coalesce(trqv.id, fu.linked_user_id, cast(null as varchar)) as profile_id,
    coalesce(trqv.id, fu.linked_user_id) is null as anonymous,
    trqv.id,
    trqv.table_revenue_value_7851c00d,
    trqv.table_revenue_number_value_ff2f5471,
    trqv.table_revenue_text_value_9d85e8fd
  from table_revenue_query_values as trqv
  left join first_users as fu on cast(null as varchar) = fu.linked_anonymous_id
  where trqv.table_revenue_value_7851c00d is not null
    and (trqv.id is not null or cast(null as varchar) is not null)
),
table_revenue_query_numbered as (
  select
    trqv.profile_id,
    trqv.anonymous,
    trqv.id,
    trqv.table_revenue_value_7851c00d,
    trqv.table_revenue_number_value_ff2f5471,
    trqv.table_revenue_text_value_9d85e8fd,
    row_number() over (partition by trqv.profile_id, trqv.anonymous order by trqv.id) as id_rank
  from table_revenue_query_values_2 as trqv
  semi join profiles as p on trqv.profile_id = p.profile_id
    and trqv.anonymous = p.anonymous
  left join known_anonymous as ka on trqv.profile_id = ka.profile_id
    and trqv.anonymous = ka.anonymous
  where not trqv.anonymous or coalesce(ka.is_known, false)
),
select
  profile_id,
  case when anonymous then 'anonymous' else 'user' end as profile_kind,
  table_revenue_value_7851c00d as value,
  table_revenue_number_value_ff2f5471 as number_value,
  table_revenue_text_value_9d85e8fd as text_value
from table_revenue_query_numbered
where id_rank = 1
