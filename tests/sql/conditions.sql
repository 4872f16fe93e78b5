-- A condition of "only" compares values as the column's type does: NULL in a list means NULL, and a char(n) is padded. A collation
-- by which different bytes are equal is refused.
SELECT no_plan();
SET client_min_messages = error;
INSERT INTO reseller_report.company VALUES (1, 'Reseller', true), (11, 'Company', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
CREATE TABLE marked (company_id bigint, occurred_at timestamptz, price_twin numeric(15,6), deleted text, test boolean,
    state char(6));
SELECT reseller_report.attach_source('bot', 'marked',
    '{"billable": {"value": true}, "price_reseller": {"value": 0}, "only": {"deleted": [null], "test": [null], '
    '"state": ["sent  "]}}') \g /dev/null
INSERT INTO marked VALUES (11, '2029-03-01', 1, NULL, NULL, 'sent'), (11, '2029-03-01', 2, 'x', NULL, 'sent'),
    (11, '2029-03-01', 4, NULL, true, 'sent'), (11, '2029-03-01', 8, NULL, false, 'sent'),
    (11, '2029-03-01', 16, NULL, NULL, 'lost');
SELECT is((SELECT total_price_to_twin FROM reseller_report.bot(1, '2029-01-01', '2030-01-01') WHERE id = 11), 1.0,
    'a list of nothing but NULL takes NULL, and a padded value is found');
SELECT is_empty('SELECT * FROM reseller_report.verify(''-infinity'', ''infinity'')', 'verify, which reads raw rows, agrees');
CREATE COLLATION insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE collated (LIKE marked); ALTER TABLE collated ALTER COLUMN deleted TYPE text COLLATE insensitive;
SELECT throws_ok('SELECT reseller_report.attach_source(''bot'', ''collated'', ''{"billable": {"value": true}, '
    '"price_reseller": {"value": 0}, "only": {"deleted": ["x"]}}'')', '42804', NULL,
        'a collation by which different bytes are equal is refused');
DROP TABLE marked;
SELECT * FROM finish();
