-- What the clients ask about: random usage, some of it not folded; a name and an id that are awkward, and money that a double
-- cannot hold; a role of the web application, and one that a pool connects as.
SELECT setseed(0.21);
SELECT random_usage.companies(), random_usage.events(400);
SELECT reseller_report.materialize();
DO $$ BEGIN PERFORM random_usage.events(40); END $$;
UPDATE reseller_report.company SET name = E'Банк "Аврора", 100 % \\ it''s' WHERE company_id = 15;
UPDATE reseller_report.company SET time_zone = 'Europe/Moscow' WHERE company_id = 1;
INSERT INTO reseller_report.company (company_id, name) VALUES (9007199254740993, 'Beyond a double');
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 9007199254740993);
INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
    SELECT 9007199254740993, 'sms', '2024-03-05 10:00+00', 999999999.999999, 999999999.999997 FROM generate_series(1, 100);
CREATE ROLE web LOGIN;
CREATE ROLE pool LOGIN NOINHERIT;
CREATE ROLE reader_of_1 ROLE pool;
CREATE ROLE reader_of_2 ROLE pool;
SELECT reseller_report.grant_access('web', 1), reseller_report.grant_access('reader_of_1', 1),
    reseller_report.grant_access('reader_of_2', 2);
SELECT reseller_report.create_api();
GRANT USAGE ON SCHEMA api TO web;
-- As docs/applications.md says.
COMMENT ON FUNCTION api.usage_events IS E'@simpleCollections only\n@behavior -connection +list';
COMMENT ON VIEW api.resellers IS E'@primaryKey reseller_id\nThe resellers whose usage you may read.';
COMMENT ON VIEW api.reseller_companies IS E'@primaryKey reseller_id,company_id
@foreignKey (reseller_id) references resellers (reseller_id)
The companies of each reseller, and since when.';
