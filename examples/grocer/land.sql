-- Lets the messages received from {{from}} (inclusive) to {{to}} (exclusive) arrive in the warehouse.
--
-- Both are instants in UTC such as 2017-02-01 or 2017-02-01 06:00:00; -infinity and infinity stand for
-- "from the start" and "to the end". Landing a span twice lands nothing twice.

INSERT INTO raw.messages
SELECT *
FROM staging.messages
WHERE received_at >= TIMESTAMP '{{from}}'
  AND received_at < TIMESTAMP '{{to}}'
  AND message_id NOT IN (SELECT message_id FROM raw.messages)
ORDER BY received_at, message_id;
