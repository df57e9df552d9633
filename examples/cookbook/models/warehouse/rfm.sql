-- How often and for how much each customer ordered in the last year, by the shop's own table.
select
  customer_id as user_id,
  count(*) as rfm_orders,
  sum(total) as rfm_revenue
from {{source "crm.orders"}}
where ordered_at > {{days_ago 365}}
group by customer_id
