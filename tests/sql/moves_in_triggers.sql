-- A trigger of the statement that writes usage may move companies, in a transaction that has folded: each row counts once, with the
-- reseller whom its company belongs to in the end.
SELECT no_plan();
INSERT INTO reseller_report.company SELECT n, 'R' || n, true FROM generate_series(1, 3) n UNION ALL SELECT n, 'C' || n, false
    FROM generate_series(11, 18) n;
INSERT INTO reseller_report.dependency SELECT 1, n, '(,)' FROM generate_series(11, 17) n;
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (12, '2024-03-01 00:01+00', 5);
CREATE FUNCTION move_at_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reseller_report.move_company(11, NEW.id % 3 + 1, '2024-01-01 00:00+00');
    RETURN NEW;
END
$$;
CREATE TRIGGER a_move_after AFTER INSERT ON usage.bot_message FOR EACH ROW EXECUTE FUNCTION move_at_once();
CREATE TRIGGER z_move_after AFTER INSERT ON usage.bot_message FOR EACH ROW EXECUTE FUNCTION move_at_once();
CREATE TRIGGER move_before BEFORE INSERT ON usage.bot_message FOR EACH ROW EXECUTE FUNCTION move_at_once();
BEGIN;
SELECT reseller_report.materialize() \g /dev/null
INSERT INTO usage.bot_message (id, company_id, occurred_at, price_twin) SELECT n, 11, '2024-03-01 00:01+00', 1
    FROM generate_series(1000001, 1000005) n;
SELECT oracle.agrees('companies moved by triggers of the statement that writes, after a fold');
SELECT reseller_report.materialize() \g /dev/null
INSERT INTO usage.bot_message (id, company_id, occurred_at, price_twin) SELECT n, 11, '2024-03-01 00:01+00', 1
    FROM generate_series(1000006, 1000009) n;
COMMIT;
SELECT oracle.agrees('the same when committed');
SELECT reseller_report.materialize() \g /dev/null
SELECT oracle.agrees('the same when folded');
DROP TRIGGER a_move_after ON usage.bot_message;
DROP TRIGGER z_move_after ON usage.bot_message;
DROP TRIGGER move_before ON usage.bot_message;
SELECT * FROM finish();
