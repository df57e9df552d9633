-- Builds the grocer's warehouse from the files in data/ (DuckDB).
--
-- {{data}} is the folder that holds them: replace the text before you run this, with any single quote in
-- the path doubled. `node load.mjs` does so; by hand: sed 's#{{data}}#data#' load.sql | duckdb target/grocer.duckdb
--
-- What it leaves:
--   staging.messages   every message of 2017, as they will arrive
--   raw.messages       what has arrived: empty until land.sql moves a span of received_at into it
--
-- Everything is deterministic: ids come from the data, delays from md5 of the ids.

CREATE SCHEMA IF NOT EXISTS staging;
CREATE SCHEMA IF NOT EXISTS raw;

-- A null member says nothing that an absent one does not, so events carry no nulls.
CREATE OR REPLACE TEMP MACRO without_nulls(object) AS json_merge_patch('{}', object);

-- Most things land within a quarter of an hour. What a till could not send lands days later: one id in
-- 33, one to nine days after it happened.
CREATE OR REPLACE TEMP MACRO landing_delay(id) AS
  to_seconds(5 + CAST(md5_number_lower(id) % 900 AS INTEGER));
CREATE OR REPLACE TEMP MACRO till_delay(id) AS
  landing_delay(id) + CASE WHEN md5_number_upper(id) % 33 = 0
    THEN to_days(1 + CAST(md5_number_upper(id) // 33 % 9 AS INTEGER))
    ELSE to_days(0) END;

-- One product on one receipt. sales_value is what the grocer received for the line; quantity is units, and
-- for fuel thousandths of a gallon.
CREATE OR REPLACE TEMP TABLE receipt_lines AS
SELECT
  t.basket_id,
  t.product_id,
  t.household_id,
  t.store_id,
  t.transaction_timestamp AS happened_at,
  CAST(round(t.sales_value, 2) AS DECIMAL(12, 2)) AS revenue,
  t.retail_disc AS retail_discount,
  t.coupon_disc + t.coupon_match_disc AS coupon_discount,
  without_nulls(json_object(
    'product_id', t.product_id,
    'department', p.department,
    'product_category', p.product_category,
    'product_type', p.product_type,
    'brand', p.brand,
    'quantity', t.quantity,
    'price', CAST(round(t.sales_value / nullif(t.quantity, 0), 4) AS DECIMAL(12, 4)),
    'revenue', CAST(round(t.sales_value, 2) AS DECIMAL(12, 2))
  )) AS product
FROM read_csv('{{data}}/transactions_sample.csv.gz', header = true, columns = {
    'household_id': 'VARCHAR', 'store_id': 'VARCHAR', 'basket_id': 'VARCHAR', 'product_id': 'VARCHAR',
    'quantity': 'INTEGER', 'sales_value': 'DOUBLE', 'retail_disc': 'DECIMAL(12, 2)',
    'coupon_disc': 'DECIMAL(12, 2)', 'coupon_match_disc': 'DECIMAL(12, 2)', 'week': 'INTEGER',
    'transaction_timestamp': 'TIMESTAMP'}) t
LEFT JOIN read_csv('{{data}}/products.csv.gz', header = true, all_varchar = true) p USING (product_id);

CREATE OR REPLACE TEMP TABLE campaigns AS
SELECT campaign_id, campaign_type, start_date, end_date
FROM read_csv('{{data}}/campaign_descriptions.csv', header = true, columns = {
    'campaign_id': 'VARCHAR', 'campaign_type': 'VARCHAR', 'start_date': 'DATE', 'end_date': 'DATE'});

CREATE OR REPLACE TABLE staging.messages (
  message_id VARCHAR PRIMARY KEY,
  type VARCHAR NOT NULL,
  event VARCHAR,
  name VARCHAR,
  "timestamp" TIMESTAMP NOT NULL,
  received_at TIMESTAMP NOT NULL,
  user_id VARCHAR,
  anonymous_id VARCHAR,
  group_id VARCHAR,
  properties JSON,
  traits JSON,
  context JSON
);

-- Order Completed: one a basket, with the list of what was in it.
INSERT INTO staging.messages BY NAME
SELECT
  'order-' || basket_id AS message_id,
  'track' AS type,
  'Order Completed' AS event,
  happened_at AS "timestamp",
  happened_at + till_delay(basket_id) AS received_at,
  household_id AS user_id,
  json_object(
    'order_id', basket_id,
    'store_id', store_id,
    'weekday', dayname(happened_at),
    'revenue', sum(revenue),
    'retail_discount', sum(retail_discount),
    'coupon_discount', sum(coupon_discount),
    'discount', sum(retail_discount + coupon_discount),
    'product_count', count(*),
    'products', to_json(list(product ORDER BY product_id))
  ) AS properties,
  json_object('app', json_object('name', 'checkout')) AS context
FROM receipt_lines
GROUP BY basket_id, household_id, store_id, happened_at;

-- Product Purchased: one a receipt line. It lands with its basket.
INSERT INTO staging.messages BY NAME
SELECT
  'line-' || basket_id || '-' || product_id AS message_id,
  'track' AS type,
  'Product Purchased' AS event,
  happened_at AS "timestamp",
  happened_at + till_delay(basket_id) AS received_at,
  household_id AS user_id,
  json_merge_patch(product, json_object(
    'order_id', basket_id,
    'store_id', store_id,
    'retail_discount', retail_discount,
    'coupon_discount', coupon_discount
  )) AS properties,
  json_object('app', json_object('name', 'checkout')) AS context
FROM receipt_lines;

-- Campaign Received: one a household and campaign, on the day the campaign starts.
INSERT INTO staging.messages BY NAME
SELECT
  'campaign-' || campaign_id || '-' || household_id AS message_id,
  'track' AS type,
  'Campaign Received' AS event,
  CAST(start_date AS TIMESTAMP) AS "timestamp",
  CAST(start_date AS TIMESTAMP) + landing_delay(campaign_id || '-' || household_id) AS received_at,
  household_id AS user_id,
  json_object(
    'campaign_id', campaign_id,
    'campaign_type', campaign_type,
    'start_date', start_date,
    'end_date', end_date
  ) AS properties,
  json_object('app', json_object('name', 'campaigns')) AS context
FROM read_csv('{{data}}/campaigns.csv', header = true, all_varchar = true)
JOIN campaigns USING (campaign_id);

-- Coupon Redeemed: the data knows the day, so it happens at noon.
INSERT INTO staging.messages BY NAME
SELECT
  'coupon-' || household_id || '-' || coupon_upc || '-' || campaign_id || '-' || redemption_date AS message_id,
  'track' AS type,
  'Coupon Redeemed' AS event,
  redemption_date + INTERVAL 12 HOURS AS "timestamp",
  redemption_date + INTERVAL 12 HOURS + till_delay(household_id || '-' || redemption_date) AS received_at,
  household_id AS user_id,
  json_object(
    'coupon_upc', coupon_upc,
    'campaign_id', campaign_id,
    'campaign_type', campaign_type
  ) AS properties,
  json_object('app', json_object('name', 'checkout')) AS context
FROM read_csv('{{data}}/coupon_redemptions.csv', header = true, columns = {
    'household_id': 'VARCHAR', 'coupon_upc': 'VARCHAR', 'campaign_id': 'VARCHAR', 'redemption_date': 'DATE'})
JOIN campaigns USING (campaign_id);

-- Demographics: an identify for each household that has them, at the start of the year.
INSERT INTO staging.messages BY NAME
SELECT
  'household-' || household_id AS message_id,
  'identify' AS type,
  TIMESTAMP '2017-01-01 00:00:00' AS "timestamp",
  TIMESTAMP '2017-01-01 00:00:00' + landing_delay('household-' || household_id) AS received_at,
  household_id AS user_id,
  without_nulls(json_object(
    'age', age,
    'income', income,
    'home_ownership', home_ownership,
    'marital_status', marital_status,
    'household_size', household_size,
    'household_comp', household_comp,
    'kids_count', kids_count
  )) AS traits,
  json_object('app', json_object('name', 'loyalty')) AS context
FROM read_csv('{{data}}/demographics.csv', header = true, all_varchar = true);

CREATE TABLE IF NOT EXISTS raw.messages AS FROM staging.messages LIMIT 0;
