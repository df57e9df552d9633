/**
 * What the grocer example must find, in DuckDB SQL written by hand from SEMANTICS and from nothing of
 * Rollcall's. It reads `raw.messages` as landed; `as_of()` is a macro the caller defines.
 */

/** What has happened by `as_of()`, typed: tables, as dozens of queries read them, and JSON is slow to take apart. */
export const happened = `
CREATE OR REPLACE TEMP TABLE orders AS
  SELECT user_id AS household, "timestamp" AS happened, message_id AS id,
         properties->>'store_id' AS store, properties->>'weekday' AS weekday,
         CAST(properties->>'revenue' AS DECIMAL(18, 2)) AS revenue,
         CAST(properties->>'discount' AS DECIMAL(18, 2)) AS discount,
         CAST(properties->>'coupon_discount' AS DECIMAL(18, 2)) AS coupon_discount
  FROM raw.messages WHERE event = 'Order Completed' AND "timestamp" <= as_of();

CREATE OR REPLACE TEMP TABLE lines AS
  SELECT user_id AS household, "timestamp" AS happened, message_id AS id,
         properties->>'department' AS department, properties->>'product_category' AS category,
         properties->>'product_type' AS product_type, properties->>'brand' AS brand,
         CAST(properties->>'price' AS DECIMAL(18, 4)) AS price
  FROM raw.messages WHERE event = 'Product Purchased' AND "timestamp" <= as_of();

CREATE OR REPLACE TEMP TABLE sends AS
  SELECT user_id AS household, "timestamp" AS happened, message_id AS id,
         properties->>'campaign_type' AS campaign_type, properties->>'end_date' AS end_date
  FROM raw.messages WHERE event = 'Campaign Received' AND "timestamp" <= as_of();

CREATE OR REPLACE TEMP TABLE redemptions AS
  SELECT user_id AS household, "timestamp" AS happened, properties->>'campaign_id' AS campaign_id
  FROM raw.messages WHERE event = 'Coupon Redeemed' AND "timestamp" <= as_of();

CREATE OR REPLACE TEMP TABLE demographics AS
  SELECT user_id AS household, traits->>'income' AS income, traits->>'kids_count' AS kids_count,
         traits->>'household_comp' AS household_comp, traits->>'home_ownership' AS home_ownership
  FROM raw.messages WHERE type = 'identify' AND "timestamp" <= as_of();
`;

const days = (n: number): string => `happened >= as_of() - INTERVAL ${n} DAYS`;
const between = (from: number, to: number): string =>
  `happened BETWEEN as_of() - INTERVAL ${to} DAYS AND as_of() - INTERVAL ${from} DAYS`;

/** Households with `having` true over the rows of `from` that pass `where`. */
const who = (from: string, where: string, having = 'count(*) >= 1'): string =>
  `SELECT household FROM ${from} WHERE ${where} GROUP BY household HAVING ${having}`;

const or = (...sets: string[]): string => sets.map((set) => `(${set})`).join(' UNION ');
const and = (...sets: string[]): string => sets.map((set) => `(${set})`).join(' INTERSECT ');
const but = (set: string, ...without: string[]): string =>
  [set, ...without].map((each) => `(${each})`).join(' EXCEPT ');

/** The most frequent text of `column`, seen `least` times or more; of equals the smallest. */
const mode = (column: string, from: string, where: string, least: number): string =>
  `SELECT household, ${column} AS value
   FROM (SELECT household, ${column}, count(*) AS times FROM ${from} WHERE ${where} GROUP BY ALL)
   WHERE times >= ${least} AND ${column} IS NOT NULL
   QUALIFY row_number() OVER (PARTITION BY household ORDER BY times DESC, ${column}) = 1`;

/** The value of `column` in the first or last row by time, of simultaneous ones by id. */
const edge = (column: string, from: string, order: 'ASC' | 'DESC'): string =>
  `SELECT household, ${column} AS value FROM ${from} WHERE ${column} IS NOT NULL
   QUALIFY row_number() OVER (PARTITION BY household ORDER BY happened ${order}, id ${order}) = 1`;

/** Nine digits, half away from zero, in whole numbers: revenue is never negative and has two digits. */
const averageRevenue = `
  CAST((2 * CAST(sum(revenue) * 100 AS HUGEINT) * 10000000 + count(*)) // (2 * count(*)) AS DOUBLE) / 1e9`;

const reduced = (value: string, from: string, where = 'true'): string =>
  `SELECT household, ${value} AS value FROM ${from} WHERE ${where} GROUP BY household`;

/** A trait's value for each household that has one: (household, value). */
export const traits: Readonly<Record<string, string>> = {
  total_revenue: reduced('sum(revenue)', 'orders'),
  revenue_90_days: reduced('sum(revenue)', 'orders', days(90)),
  average_basket: reduced(averageRevenue, 'orders', days(180)),
  biggest_basket: reduced('max(revenue)', 'orders'),
  orders_90_days: reduced('count(*)', 'orders', days(90)),
  first_store: edge('store', 'orders', 'ASC'),
  last_store: edge('store', 'orders', 'DESC'),
  favourite_store: mode('store', 'orders', days(180), 3),
  favourite_department: mode(
    'department',
    'lines',
    `${days(180)} AND department NOT IN ('GROCERY', 'FUEL', 'MISCELLANEOUS', 'COUPON')`,
    2,
  ),
  departments: reduced(
    'list(DISTINCT department ORDER BY department)',
    'lines',
    `${days(90)} AND department IS NOT NULL`,
  ),
  distinct_categories: reduced('count(DISTINCT category)', 'lines', `${days(90)} AND category IS NOT NULL`),
  lowest_milk_price: reduced('min(price)', 'lines', `category = 'FLUID MILK PRODUCTS' AND price > 0`),
  coupons_redeemed: reduced('count(*)', 'redemptions'),
  savings_90_days: reduced('sum(discount)', 'orders', days(90)),
  last_campaign_type: edge('campaign_type', 'sends', 'DESC'),
  offers_end: reduced('max(end_date)', 'sends'),
};

const active = who('orders', days(30));
const lapsing = but(who('orders', between(30, 90)), active);
const lapsed = but(who('orders', 'true'), who('orders', days(90)));
const bigSpenders = who('orders', days(90), 'sum(revenue) >= 75');
const redeemers = who('redemptions', days(90));
const fatigued = or(who('sends', days(30), 'count(*) >= 2'), who('sends', days(60), 'count(*) >= 3'));
const bargainHunters = or(
  who('orders', days(90), 'sum(discount) >= 15'),
  who('orders', `${days(90)} AND coupon_discount > 0`, 'count(*) >= 2'),
  who('lines', `category = 'FLUID MILK PRODUCTS' AND price > 0`, 'min(price) < 1'),
);
const weekend = `weekday IN ('Saturday', 'Sunday')`;
const people = (where: string): string => `SELECT household FROM demographics WHERE ${where}`;

/** Who is in an audience: (household). */
export const audiences: Readonly<Record<string, string>> = {
  active_shoppers: active,
  new_shoppers: but(active, who('orders', between(30, 365))),
  lapsing_shoppers: lapsing,
  lapsed_shoppers: lapsed,
  reactivated_shoppers: but(
    and(who('orders', days(14)), who('orders', between(60, 365))),
    who('orders', between(14, 60)),
  ),
  frequent_shoppers: who('orders', days(90), 'count(*) >= 8'),
  weekend_shoppers: but(
    who('orders', `${days(56)} AND ${weekend}`, 'count(*) >= 2'),
    who('orders', `${days(56)} AND NOT ${weekend}`),
  ),
  one_store_shoppers: `
    SELECT household FROM (${who('orders', days(90), 'count(*) >= 6 AND min(store) = max(store)')})
    JOIN (${traits['last_store']}) latest USING (household)
    JOIN (${traits['favourite_store']}) favourite USING (household)
    WHERE latest.value = favourite.value`,
  changed_store: and(
    active,
    `SELECT household FROM (${traits['last_store']}) latest JOIN (${traits['first_store']}) earliest
     USING (household) WHERE latest.value <> earliest.value`,
  ),
  summer_regulars: who(
    'orders',
    `happened BETWEEN TIMESTAMP '2017-06-01 00:00:00' AND TIMESTAMP '2017-08-31 23:59:59'`,
    'count(*) >= 10',
  ),

  big_spenders: bigSpenders,
  big_baskets: who('orders', `${days(90)} AND revenue >= 20`),
  small_basket_regulars: who('orders', days(60), 'count(*) >= 5 AND sum(revenue) < 4 * count(*)'),
  splurgers: `
    SELECT DISTINCT household FROM orders JOIN (${traits['average_basket']}) usual USING (household)
    WHERE ${days(30)} AND revenue >= 20 AND revenue > usual.value`,
  untapped_high_income: but(and(people(`regexp_matches(income, '^[12][0-9]{2}')`), active), bigSpenders),
  win_back: but(and(lapsed, who('orders', 'true', 'sum(revenue) >= 30 OR max(revenue) >= 20')), fatigued),

  bargain_hunters: bargainHunters,
  coupon_redeemers: redeemers,
  campaign_loyalists: who('redemptions', 'true', 'count(DISTINCT campaign_id) >= 2'),
  never_redeemed: but(who('sends', 'true', 'count(*) >= 3'), who('redemptions', 'true')),
  unmoved_by_type_a: but(
    who('sends', `${days(60)} AND campaign_type = 'Type A'`),
    who('redemptions', days(60)),
  ),
  offer_ending_soon: but(
    who('sends', 'CAST(end_date AS TIMESTAMP) BETWEEN as_of() AND as_of() + INTERVAL 21 DAYS'),
    who('redemptions', days(30)),
  ),
  new_year_offers: who('sends', `CAST(end_date AS TIMESTAMP) > TIMESTAMP '2017-12-31 00:00:00'`),
  left_out_of_campaigns: but(
    active,
    who('sends', `CAST(end_date AS TIMESTAMP) > as_of() - INTERVAL 60 DAYS`),
  ),
  mailing_fatigue: fatigued,
  next_mailing: but(or(lapsing, bargainHunters), fatigued, redeemers),

  produce_lovers: who('lines', `${days(90)} AND department = 'PRODUCE'`, 'count(*) >= 4'),
  organic_buyers: who(
    'lines',
    `${days(180)} AND (contains(category, 'ORGANIC') OR contains(product_type, 'ORGANIC'))`,
  ),
  wine_drinkers: who('lines', `${days(180)} AND category LIKE '%WINE'`),
  baby_households: who(
    'lines',
    `${days(120)} AND (category IN ('DIAPERS & DISPOSABLES', 'INFANT FORMULA', 'INFANT CARE PRODUCTS')
       OR category LIKE 'BABY%')`,
  ),
  pet_households: who(
    'lines',
    `${days(90)} AND (category LIKE 'CAT %' OR category LIKE 'DOG %' OR category = 'PET CARE SUPPLIES')`,
  ),
  families_without_cereal: but(
    and(people("kids_count <> '0'"), active),
    who('lines', `${days(60)} AND category = 'COLD CEREAL'`),
  ),
  child_free_couples: and(
    people(`household_comp = '2 Adults No Kids' AND coalesce(home_ownership, '') NOT LIKE '%Renter%'`),
    active,
  ),
  variety_seekers: who('lines', days(90), 'count(DISTINCT category) >= 15'),
  private_label_fans: who('lines', `${days(90)} AND brand = 'Private'`, 'count(*) >= 8'),
  meat_counter_fans: and(
    `SELECT household FROM (${traits['favourite_department']}) WHERE value IN ('MEAT', 'MEAT-PCKGD', 'DELI')`,
    who('orders', days(90), 'count(*) >= 3'),
  ),
};
