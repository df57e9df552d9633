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
-- shared: Order_Completed_sum
select
  ocs.profile_id,
  case when ocs.anonymous then 'anonymous' else 'user' end as profile_kind,
  rtrim(rtrim(cast(cast(ocs.order_completed_sum_13f4fc13 as decimal(38, 9)) as varchar), '0'), '.') as value,
  cast(ocs.order_completed_sum_13f4fc13 as decimal(38, 9)) as number_value,
  rtrim(rtrim(cast(cast(ocs.order_completed_sum_13f4fc13 as decimal(38, 9)) as varchar), '0'), '.') as text_value
from Order_Completed_sum as ocs
left join known_anonymous as ka on ocs.profile_id = ka.profile_id
  and ocs.anonymous = ka.anonymous
where ocs.order_completed_sum_13f4fc13 is not null
  and (not ocs.anonymous or coalesce(ka.is_known, false))
