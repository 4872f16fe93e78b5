-- Each statement's hash covers its head, its lines and the hash before; verify_statements finds what was tampered with.
SELECT no_plan();
SET timezone = 'Asia/Kolkata';
SET datestyle = 'German';
INSERT INTO reseller_report.company (company_id, name, is_reseller) VALUES (1, 'One', true), (2, 'Two', true),
    (11, E'Tab\there "quoted" \\ ю', false);
INSERT INTO reseller_report.dependency (reseller_id, company_id) VALUES (1, 11);
INSERT INTO usage.bot_message (company_id, occurred_at, price_twin) VALUES (11, '2024-03-05', 1.5), (11, '2024-04-05', 2);
SELECT reseller_report.issue_statement(1, '2024-03-01 00:00+00', '2024-04-01 00:00+00', E'first\nmonth') AS first \gset
INSERT INTO usage.bot_message (company_id, occurred_at, billable, price_twin) VALUES (11, '2024-03-05', false, 0.000001);
SELECT reseller_report.issue_statement(1, '2024-04-01 00:00+00', '2024-05-01 00:00+00') AS second \gset
SELECT reseller_report.withdraw_statement(:first, 'why "not"') \g /dev/null
SELECT reseller_report.issue_statement(1, '2024-03-01 00:00+00', '2024-04-01 00:00+00') AS third \gset
SELECT reseller_report.issue_statement(2, '2024-03-01 00:00+00', '2024-04-01 00:00+00') AS of_two \gset
SELECT is_empty('SELECT * FROM reseller_report.verify_statements()', 'all is well');
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT is_empty('SELECT * FROM reseller_report.verify_statements(1)', 'whatever the session shows moments in');
SELECT is((SELECT hash FROM reseller_report.statements WHERE id = :first),
    encode(sha256(convert_to(E'statement\t""\t' || :first || E'\t1\t1\t2024-03-01 00:00:00+00\t2024-04-01 00:00:00+00\t'
        || issued_at || E'\t' || to_json(issued_by) || E'\t"first\\nmonth"\t1.500000\t0.000000\t0.000000\t0.000000\n'
        || E'null\t11\t"Tab\\there \\"quoted\\" \\\\ ю"\tbot\tbillable\t1\t0\t0\t1.500000\t0.000000\n', 'UTF8')), 'hex'),
    'a hash by hand') FROM reseller_report.statements WHERE id = :first;

-- Tampering needs a superuser who takes the guards off first.
ALTER EVENT TRIGGER reseller_report_guard_end DISABLE;
ALTER TABLE reseller_report.statement DISABLE TRIGGER refuse_change;
ALTER TABLE reseller_report.statement_line DISABLE TRIGGER refuse_change;
ALTER TABLE reseller_report.statement_withdrawal DISABLE TRIGGER refuse_change;
CREATE FUNCTION pg_temp.found(label text, command text, expected text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE command;
        RETURN NEXT is((SELECT string_agg(concat_ws(' ', number, what), '; ') FROM reseller_report.verify_statements()), expected,
            label);
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
END
$$;
SELECT pg_temp.found(label, format(command, :first, :second, :third), expected) FROM (VALUES
    ('a price of a line', 'UPDATE reseller_report.statement_line SET price_to_twin = 1.4 WHERE statement_id = %1$s',
        '1 its hash does not match its head, its lines and the hash before'),
    ('a line taken away', 'DELETE FROM reseller_report.statement_line WHERE statement_id = %2$s AND line = 2',
        '2 its hash does not match its head, its lines and the hash before'),
    ('a line added', 'INSERT INTO reseller_report.statement_line SELECT statement_id, 7, corrects, company_id, company_name,
        service, item, events, delivered, seconds, price_to_twin, price_to_reseller FROM reseller_report.statement_line
        WHERE statement_id = %1$s', '1 its hash does not match its head, its lines and the hash before'),
    ('a head', 'UPDATE reseller_report.statement SET note = NULL WHERE id = %1$s',
        '1 its hash does not match its head, its lines and the hash before'),
    ('a hash', 'UPDATE reseller_report.statement SET hash = repeat(''0'', 64) WHERE id = %1$s',
        '1 its hash does not match its head, its lines and the hash before; '
        '2 its hash does not match its head, its lines and the hash before'),
    ('a withdrawal', 'UPDATE reseller_report.statement_withdrawal SET reason = ''other''',
        '1 the hash of its withdrawal does not match'),
    ('a withdrawal taken away', 'DELETE FROM reseller_report.statement_withdrawal',
        '3 an entry before it is missing; 3 its hash does not match its head, its lines and the hash before'),
    ('the last statement taken away', 'DELETE FROM reseller_report.statement WHERE id = %3$s',
        'the last entries of reseller 1 are missing; it has lines and no head')) AS t (label, command, expected);
SELECT is_empty('SELECT * FROM reseller_report.verify_statements()', 'all is well again');

-- Whatever a name holds and however long it is, the text of the lines when they are issued is that of the stored lines.
INSERT INTO reseller_report.company (company_id, name) SELECT 20 + row_number() OVER (), name FROM (VALUES
    (''), (' '), ('null'), ('\'), ('"'), ('\n'), ('/'), ('</script>'), (E'\u007f\u0080\u00a0\u2028\u2029\ufeff'), ('🙂'),
    ((SELECT string_agg(chr(c), '') FROM generate_series(1, 31) AS c)), (repeat('Aurora ', 3000)),
    ((SELECT string_agg(md5(i::text), '') FROM generate_series(1, 3000) AS i))) AS odd (name);
INSERT INTO reseller_report.dependency (reseller_id, company_id) SELECT 2, company_id FROM reseller_report.company
    WHERE company_id > 20;
INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin, price_reseller)
    SELECT company_id, direction, '2024-05-05', 7, price_twin, price_reseller
    FROM reseller_report.company, (VALUES ('outgoing', -0.000001, 0), ('incoming', 999999999.999999, -1000000)) AS
        c (direction, price_twin, price_reseller)
    WHERE company_id > 20;
SELECT reseller_report.issue_statement(2, '2024-05-01 00:00+00', '2024-06-01 00:00+00') \g /dev/null
UPDATE usage.phone_call SET price_twin = -price_twin, duration_seconds = 0;
SELECT reseller_report.issue_statement(2, '2024-06-01 00:00+00', '2024-07-01 00:00+00') AS last \gset
SELECT is(count(*), 26::bigint, 'a correction of each') FROM reseller_report.statement_lines WHERE statement_id = :last;
SELECT is_empty('SELECT * FROM reseller_report.verify_statements()', 'texts of odd names are well');
SELECT is_empty('SELECT l.company_name FROM reseller_report.statement_lines l
    JOIN reseller_report.company c USING (company_id) WHERE l.company_name <> c.name', 'and the names are as they were');
SELECT * FROM finish();
