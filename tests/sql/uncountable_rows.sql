-- A row that cannot be counted is refused with the documented SQLSTATE. One from before its table was connected stops the report,
-- until it is deleted or mended, which nothing hinders.
SELECT no_plan();
INSERT INTO reseller_report.company VALUES (1, 'Reseller', true), (11, 'Company', false);
INSERT INTO reseller_report.dependency VALUES (1, 11);
CREATE TABLE faxes (company_id int, channel text, delivered_at timestamptz, occurred_at timestamptz, price_twin numeric(15,6),
    price_reseller numeric(1000,6));
INSERT INTO faxes VALUES (11, 'fax', NULL, now(), 1, 0), (11, 'sms', NULL, 'infinity', 1, 0);
SELECT reseller_report.attach_source('text_messaging', 'faxes') \g /dev/null
SELECT throws_ok('SELECT * FROM reseller_report.text_messaging(1, ''-infinity'', ''infinity'')', '23514', NULL,
    'rows that cannot be counted stop the report');
SELECT lives_ok('DELETE FROM faxes WHERE occurred_at = ''infinity''', 'such a row can be deleted');
SELECT lives_ok('UPDATE faxes SET channel = ''sms''', 'and such a row can be mended');
SELECT is((SELECT sum(price_sms) FROM reseller_report.text_messaging(1, '-infinity', 'infinity')), 1::numeric,
    'a mended row counts');
SELECT throws_ok('INSERT INTO faxes (company_id, channel, occurred_at) VALUES (11, repeat(''x'', 99) || ''жжж'', now())', '23514',
    NULL, 'a long value is cut between characters');
SELECT throws_ok('INSERT INTO faxes VALUES (11, ''sms'', NULL, now(), 1, (''1'' || repeat(''0'', 900))::numeric)', '22003',
    'column "price_reseller" of table "faxes" holds an amount of 10^9 or more', 'an amount with hundreds of digits is refused');
SELECT * FROM finish();
