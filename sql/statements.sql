-- ---------------------------------------------------------------------------------------------------------------------
-- Statements: what was billed, and what has changed since
-- ---------------------------------------------------------------------------------------------------------------------

-- Issues and withdrawals are the entries of a chain of hashes, one chain for each reseller. The figures of a statement are those of
-- usage(), in the very snapshot in which the statement is written. Nothing here is ever updated or deleted but statement_turn.
-- There are no foreign keys, because workers of pg_restore load tables in any order.

CREATE SEQUENCE reseller_report.statement_id_seq AS bigint;

-- PostgreSQL itself refuses (40001) a turn to a transaction whose snapshot is older than the last turn of the reseller.
CREATE TABLE reseller_report.statement_turn (
    reseller_id bigint PRIMARY KEY,
    entries     bigint NOT NULL
);
COMMENT ON TABLE reseller_report.statement_turn IS
    'A row for each reseller with statements, which an issue or a withdrawal updates first, so that they take turns. entries '
    'counts them.';

CREATE TABLE reseller_report.statement (
    id                            bigint PRIMARY KEY DEFAULT nextval('reseller_report.statement_id_seq'),
    reseller_id                   bigint NOT NULL,
    entry                         bigint NOT NULL,
    number                        bigint NOT NULL,
    period_from                   timestamptz NOT NULL,
    period_to                     timestamptz NOT NULL,
    issued_at                     timestamptz NOT NULL,
    issued_by                     text NOT NULL,
    note                          text,
    total_price_to_twin           numeric(38,6) NOT NULL,
    total_price_to_reseller       numeric(38,6) NOT NULL,
    corrections_price_to_twin     numeric(38,6) NOT NULL,
    corrections_price_to_reseller numeric(38,6) NOT NULL,
    hash                          text NOT NULL,
    UNIQUE (reseller_id, number),
    UNIQUE (reseller_id, entry)
);
COMMENT ON TABLE reseller_report.statement IS
    'The heads of statements. entry is the place in the reseller''s chain of issues and withdrawals. The totals are the sums of '
    'all lines; those of corrections are the part of them that corrects other statements.';

CREATE TABLE reseller_report.statement_line (
    statement_id      bigint NOT NULL,
    line              bigint NOT NULL,
    corrects          bigint,
    company_id        bigint NOT NULL,
    company_name      text NOT NULL,
    service           text NOT NULL,
    item              text NOT NULL,
    events            bigint NOT NULL,
    delivered         bigint NOT NULL,
    seconds           bigint NOT NULL,
    price_to_twin     numeric(38,6) NOT NULL,
    price_to_reseller numeric(38,6) NOT NULL,
    PRIMARY KEY (statement_id, line)
);
-- Finds the few corrections among many lines.
CREATE INDEX statement_line_corrections ON reseller_report.statement_line (statement_id) WHERE corrects IS NOT NULL;
COMMENT ON TABLE reseller_report.statement_line IS
    'The lines of statements, numbered from 1: what usage() answered when the statement was issued, then corrections of statements '
    'of the same reseller. corrects is the number of the corrected one.';

CREATE TABLE reseller_report.statement_company (company_id bigint NOT NULL);
-- Not unique: of two statements that are issued at the same time, neither waits for the other.
CREATE INDEX statement_company_id ON reseller_report.statement_company (company_id);
COMMENT ON TABLE reseller_report.statement_company IS
    'The companies that statements have lines of, and the resellers of statements. They cannot be deleted. A company may be there '
    'twice.';

CREATE TABLE reseller_report.statement_withdrawal (
    statement_id bigint PRIMARY KEY,
    reseller_id  bigint NOT NULL,
    entry        bigint NOT NULL,
    withdrawn_at timestamptz NOT NULL,
    reason       text NOT NULL,
    hash         text NOT NULL,
    UNIQUE (reseller_id, entry)
);
COMMENT ON TABLE reseller_report.statement_withdrawal IS
    'The statements that are not in force any more. entry is the place in the reseller''s chain of issues and withdrawals.';

CREATE FUNCTION reseller_report._refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RAISE EXCEPTION 'rows of table "reseller_report.%" are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported',
              HINT = 'Withdraw a statement with reseller_report.withdraw_statement(statement_id, reason), and issue another.';
END
$$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON reseller_report.statement
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON reseller_report.statement_line
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON reseller_report.statement_company
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON reseller_report.statement_withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._refuse_change();
CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON reseller_report.statement_turn
    FOR EACH STATEMENT EXECUTE FUNCTION reseller_report._refuse_change();
ALTER TABLE reseller_report.statement ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE reseller_report.statement_line ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE reseller_report.statement_company ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE reseller_report.statement_withdrawal ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE reseller_report.statement_turn ENABLE ALWAYS TRIGGER refuse_change;

-- Keeps companies that statements are of. An issue under way holds a lock on the row of each, so this comes after it. Above READ
-- COMMITTED the transaction's snapshot may be older than the issue.
CREATE FUNCTION reseller_report._keep_billed_company() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.company_id = NEW.company_id THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM reseller_report.statement_company s WHERE s.company_id = OLD.company_id)
        OR current_setting('transaction_isolation') <> 'read committed' AND EXISTS (
            SELECT FROM reseller_report._latest(NULL::reseller_report.statement_company) s WHERE s.company_id = OLD.company_id)
    THEN
        RAISE EXCEPTION 'company % has statements, or lines in statements, and must stay', OLD.company_id
            USING ERRCODE = 'foreign_key_violation',
                  HINT = 'End its dependency with reseller_report.move_company, and leave the row of reseller_report.company.';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_billed_company AFTER UPDATE OR DELETE ON reseller_report.company
    FOR EACH ROW EXECUTE FUNCTION reseller_report._keep_billed_company();
ALTER TABLE reseller_report.company ENABLE ALWAYS TRIGGER keep_billed_company;

-- Texts that hashes are of. Each field is either a number or a moment in UTC, or is quoted as in JSON, so that no two entries have
-- the same text. The functions set what the text of a moment depends on.
CREATE FUNCTION reseller_report._head_text(s reseller_report.statement, previous_hash text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD'
    AS $$
    SELECT concat_ws(E'\t', 'statement', to_json(previous_hash), s.id, s.reseller_id, s.number, s.period_from, s.period_to,
        s.issued_at, to_json(s.issued_by), coalesce(to_json(s.note)::text, 'null'), s.total_price_to_twin,
        s.total_price_to_reseller, s.corrections_price_to_twin, s.corrections_price_to_reseller) || E'\n'
$$;

CREATE FUNCTION reseller_report._withdrawal_text(w reseller_report.statement_withdrawal, previous_hash text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD'
    AS $$
    SELECT concat_ws(E'\t', 'withdrawal', to_json(previous_hash), w.statement_id, w.reseller_id, w.withdrawn_at,
        to_json(w.reason)) || E'\n'
$$;

CREATE FUNCTION reseller_report._text_of_lines(of_statement bigint) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT coalesce(string_agg(
        CASE WHEN corrects IS NULL THEN 'null' ELSE corrects::text END || E'\t' || company_id || E'\t' || to_json(company_name)
            || E'\t' || service || E'\t' || item || E'\t' || events || E'\t' || delivered || E'\t' || seconds || E'\t'
            || price_to_twin || E'\t' || price_to_reseller || E'\n', '' ORDER BY line), '')
    FROM reseller_report.statement_line WHERE statement_id = of_statement
$$;

-- Texts of a database of SQL_ASCII may be in no encoding. Their bytes are hashed as they are.
CREATE FUNCTION reseller_report._sha256(text text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT encode(sha256(convert_to(text, CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)), 'hex')
$$;

-- All issues and withdrawals, each with the hash of the reseller's entry before; '' where there is none.
CREATE VIEW reseller_report._statement_entries AS
    SELECT e.*, lag(e.hash, 1, '') OVER chain AS previous_hash
    FROM (SELECT reseller_id, entry, id AS statement_id, number, false AS is_withdrawal, hash FROM reseller_report.statement
        UNION ALL
        SELECT w.reseller_id, w.entry, w.statement_id, s.number, true, w.hash
        FROM reseller_report.statement_withdrawal w LEFT JOIN reseller_report.statement s ON s.id = w.statement_id) AS e
    WINDOW chain AS (PARTITION BY e.reseller_id ORDER BY e.entry);

CREATE VIEW reseller_report._statements_in_force AS
    SELECT s.id, s.reseller_id, s.number, s.period_from, s.period_to FROM reseller_report.statement s
    WHERE NOT EXISTS (SELECT FROM reseller_report.statement_withdrawal w WHERE w.statement_id = s.id);

-- Takes the reseller's turn and returns the place of the entry to come. The commands after it see what the turn before has written.
CREATE FUNCTION reseller_report._take_statement_turn(of_reseller bigint) RETURNS bigint
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO reseller_report.statement_turn AS t VALUES (of_reseller, 1)
        ON CONFLICT (reseller_id) DO UPDATE SET entries = t.entries + 1
        RETURNING t.entries
$$;

-- The hash of the entry before an entry to come, '' where there is none; and the moment of the entry to come. Entries are in order
-- of time, also where the clock was set back, because the views do not show their places.
CREATE FUNCTION reseller_report._next_entry(of_reseller bigint, place bigint, OUT previous_hash text, OUT at timestamptz)
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT coalesce(max(e.hash), ''), greatest(clock_timestamp(), max(e.at) + interval '1 microsecond')
    FROM (SELECT s.hash, s.issued_at AS at FROM reseller_report.statement s
            WHERE (s.reseller_id, s.entry) = (of_reseller, place - 1)
        UNION ALL
        SELECT w.hash, w.withdrawn_at FROM reseller_report.statement_withdrawal w
            WHERE (w.reseller_id, w.entry) = (of_reseller, place - 1)) AS e
$$;

CREATE FUNCTION reseller_report.open_corrections(reseller_id bigint)
    RETURNS TABLE (
        statement_id bigint, number bigint, company_id bigint, company_name text, service text, item text,
        events_billed bigint, events_now bigint, events_difference bigint,
        delivered_billed bigint, delivered_now bigint, delivered_difference bigint,
        seconds_billed bigint, seconds_now bigint, seconds_difference bigint,
        price_to_twin_billed numeric, price_to_twin_now numeric, price_to_twin_difference numeric,
        price_to_reseller_billed numeric, price_to_reseller_now numeric, price_to_reseller_difference numeric)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 100 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_open_corrections';
COMMENT ON FUNCTION reseller_report.open_corrections(bigint) IS
    'Where what statements of a reseller have billed, as issued and corrected since, differs from what is true now: one row for '
    'each statement, company and item, in order of number, company_id, service and item. A withdrawn statement should bill '
    'nothing. Each figure comes as billed, as it is now, and the difference to be billed. Errors: 22004, 42501, 22023, 55000, '
    '22003.';

-- Keeps companies from being deleted until the transaction ends.
CREATE FUNCTION reseller_report._hold_companies(companies bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    held bigint[] := ARRAY(
        SELECT c.company_id FROM reseller_report.company c WHERE c.company_id = ANY (companies) ORDER BY 1 FOR KEY SHARE);
BEGIN
    IF cardinality(held) < cardinality(companies) THEN
        PERFORM reseller_report._refuse('a company was deleted while the statement was issued', 'Issue the statement again.',
            '40001');
    END IF;
END
$$;

-- Writes the lines of a statement whose head is to come: what usage() answers over its period, then all that open_corrections()
-- says, both in the one snapshot of the query that calls this. Adds to statement_company the companies that it did not have, and
-- returns them. The text is what _text_of_lines() makes of the lines.
CREATE FUNCTION reseller_report._write_statement_lines(
    of_reseller bigint,
    of_statement bigint,
    period_from timestamptz,
    period_to timestamptz)
    RETURNS TABLE (
        total_price_to_twin numeric, total_price_to_reseller numeric, corrections_price_to_twin numeric,
        corrections_price_to_reseller numeric, new_companies bigint[], lines_text text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 1 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_write_statement_lines';

-- Its caller has looked whether the role may read the reseller.
CREATE FUNCTION reseller_report._issue_statement(
    of_reseller bigint,
    period_from timestamptz,
    period_to timestamptz,
    note text,
    issued_by text)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
#variable_conflict use_column
DECLARE
    made reseller_report.statement;
    written record;
    bound timestamptz;
    overlapping bigint;
    previous_hash text;
BEGIN
    FOREACH bound IN ARRAY ARRAY[_issue_statement.period_from, _issue_statement.period_to] LOOP
        IF NOT isfinite(bound) THEN
            PERFORM reseller_report._refuse('the period of a statement must have finite bounds',
                'Bill a month at a time: named_period(reseller_id, ''last_month'') has its bounds.');
        ELSIF extract(epoch FROM bound) % 900 <> 0 OR extract(second FROM bound AT TIME ZONE 'UTC') <> 0 THEN
            PERFORM reseller_report._refuse(format('the period of a statement must begin and end on quarter hours UTC, not at %s',
                bound), 'Usage before and after such a moment stays apart also when raw usage is pruned.');
        END IF;
    END LOOP;
    IF _issue_statement.period_to > clock_timestamp() THEN
        PERFORM reseller_report._refuse('the period of a statement must be over', 'Issue the statement when the period has ended.');
    END IF;
    made.entry := reseller_report._take_statement_turn(of_reseller);
    SELECT s.number INTO overlapping FROM reseller_report._statements_in_force s
        WHERE s.reseller_id = of_reseller AND s.period_from < _issue_statement.period_to
            AND s.period_to > _issue_statement.period_from
        ORDER BY s.number LIMIT 1;
    IF FOUND THEN
        PERFORM reseller_report._refuse(
            format('the period overlaps statement %s of reseller %s, which is in force', overlapping, of_reseller),
            'What has changed since it was issued is in open_corrections(). Or withdraw it with withdraw_statement().', '23P01');
    END IF;
    -- Logical replication brings rows, and leaves the sequence where it was. What nextval() returns, no other session gets.
    LOOP
        made.id := nextval('reseller_report.statement_id_seq');
        EXIT WHEN NOT EXISTS (SELECT FROM reseller_report.statement s WHERE s.id = made.id);
    END LOOP;
    made.reseller_id := of_reseller;
    made.number := 1 + coalesce((SELECT max(s.number) FROM reseller_report.statement s WHERE s.reseller_id = of_reseller), 0);
    made.period_from := _issue_statement.period_from;
    made.period_to := _issue_statement.period_to;
    SELECT e.previous_hash, e.at INTO previous_hash, made.issued_at FROM reseller_report._next_entry(of_reseller, made.entry) e;
    made.issued_by := _issue_statement.issued_by;
    made.note := _issue_statement.note;
    SELECT * INTO written FROM reseller_report._write_statement_lines(of_reseller, made.id, made.period_from, made.period_to);
    made.total_price_to_twin := written.total_price_to_twin;
    made.total_price_to_reseller := written.total_price_to_reseller;
    made.corrections_price_to_twin := written.corrections_price_to_twin;
    made.corrections_price_to_reseller := written.corrections_price_to_reseller;
    PERFORM reseller_report._hold_companies(written.new_companies);
    made.hash := reseller_report._sha256(
        reseller_report._head_text(made, previous_hash) || written.lines_text);
    INSERT INTO reseller_report.statement VALUES (made.*);
    RETURN made.id;
END
$$;

CREATE FUNCTION reseller_report.issue_statement(
    reseller_id bigint,
    period_from timestamptz,
    period_to timestamptz,
    note text DEFAULT NULL)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY INVOKER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_issue_statement';
COMMENT ON FUNCTION reseller_report.issue_statement(bigint, timestamptz, timestamptz, text) IS
    'Keeps what usage answers for a reseller over [period_from, period_to) as a statement, with all open corrections of earlier '
    'ones, and returns its id. The bounds lie on quarter hours UTC and the period is over (22023). It overlaps no statement of the '
    'reseller that is in force (23P01). 40001 where a REPEATABLE READ snapshot is older than the last issue or withdrawal. Needs '
    'the right to the reseller, too. Errors: 22004, 42501, 22023, 23P01, 55000, 22003, 40001.';

CREATE FUNCTION reseller_report._withdraw_statement(of_statement bigint, of_reseller bigint, reason text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    made reseller_report.statement_withdrawal;
    earlier timestamptz;
    previous_hash text;
BEGIN
    made.entry := reseller_report._take_statement_turn(of_reseller);
    SELECT w.withdrawn_at INTO earlier FROM reseller_report.statement_withdrawal w WHERE w.statement_id = of_statement;
    IF FOUND THEN
        PERFORM reseller_report._refuse(format('statement %s was withdrawn already, at %s', of_statement, earlier), NULL, '55000');
    END IF;
    made.statement_id := of_statement;
    made.reseller_id := of_reseller;
    SELECT e.previous_hash, e.at INTO previous_hash, made.withdrawn_at FROM reseller_report._next_entry(of_reseller, made.entry) e;
    made.reason := _withdraw_statement.reason;
    made.hash := reseller_report._sha256(reseller_report._withdrawal_text(made, previous_hash));
    INSERT INTO reseller_report.statement_withdrawal VALUES (made.*);
END
$$;

CREATE FUNCTION reseller_report.withdraw_statement(statement_id bigint, reason text) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY INVOKER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_withdraw_statement';
COMMENT ON FUNCTION reseller_report.withdraw_statement(bigint, text) IS
    'Has a statement count no more, from now on. It stays to be read, and its period can be billed again. What later statements '
    'corrected of it is open until the next one takes it back. Needs the right to the reseller. Errors: 22004, 22023 where there '
    'is no such statement, 42501, 55000 where it was withdrawn already, 40001.';

-- Checks the chains of these resellers; NULL: of all.
CREATE FUNCTION reseller_report._verify_statements(resellers bigint[])
    RETURNS TABLE (statement_id bigint, number bigint, what text)
    LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp
    AS $$
    WITH entry AS (
        SELECT * FROM reseller_report._statement_entries e WHERE resellers IS NULL OR e.reseller_id = ANY (resellers))
    SELECT statement_id, number, what FROM (
        SELECT e.reseller_id, e.entry, e.statement_id, e.number, 'an entry before it is missing' AS what
        FROM entry e
        WHERE e.entry > 1 AND NOT EXISTS (
            SELECT FROM entry b WHERE b.reseller_id = e.reseller_id AND b.entry = e.entry - 1)
        UNION ALL
        SELECT e.reseller_id, e.entry, s.id, s.number, 'its hash does not match its head, its lines and the hash before'
        FROM entry e JOIN reseller_report.statement s ON s.id = e.statement_id AND NOT e.is_withdrawal
        WHERE s.hash <> reseller_report._sha256(
            reseller_report._head_text(s, e.previous_hash) || reseller_report._text_of_lines(s.id))
        UNION ALL
        SELECT e.reseller_id, e.entry, w.statement_id, e.number, 'the hash of its withdrawal does not match'
        FROM entry e JOIN reseller_report.statement_withdrawal w ON w.statement_id = e.statement_id AND e.is_withdrawal
        WHERE w.hash <> reseller_report._sha256(reseller_report._withdrawal_text(w, e.previous_hash))
        UNION ALL
        SELECT t.reseller_id, t.entries, NULL, NULL, format('the last entries of reseller %s are missing', t.reseller_id)
        FROM reseller_report.statement_turn t
        WHERE (resellers IS NULL OR t.reseller_id = ANY (resellers)) AND NOT EXISTS (
            SELECT FROM entry e WHERE e.reseller_id = t.reseller_id AND e.entry = t.entries)
        UNION ALL
        SELECT e.reseller_id, e.entry, e.statement_id, NULL, 'it was withdrawn and has no head'
        FROM entry e WHERE e.number IS NULL
        UNION ALL
        SELECT DISTINCT NULL::bigint, NULL::bigint, l.statement_id, NULL::bigint, 'it has lines and no head'
        FROM reseller_report.statement_line l
        WHERE resellers IS NULL AND NOT EXISTS (SELECT FROM reseller_report.statement s WHERE s.id = l.statement_id)) AS wrong
    ORDER BY reseller_id, entry, what
$$;

CREATE FUNCTION reseller_report.verify_statements(reseller_id bigint DEFAULT NULL)
    RETURNS TABLE (statement_id bigint, number bigint, what text)
    LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY INVOKER ROWS 10 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_verify_statements';
COMMENT ON FUNCTION reseller_report.verify_statements(bigint) IS
    'The statements of a reseller whose hash does not match what they hold, and what is wrong: none when all is well. NULL: those '
    'of all resellers that you may read. Each hash covers the head of a statement, its lines in order, and the hash of the issue '
    'or withdrawal before. Errors: 42501, 22023.';

-- PUBLIC may execute it, because a view's functions are called with the rights of its reader.
CREATE FUNCTION reseller_report._may_read(reseller_id bigint) RETURNS boolean
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 1000 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_may_read';

CREATE VIEW reseller_report.statements WITH (security_barrier) AS
    SELECT s.id, s.reseller_id, s.number, s.period_from, s.period_to, s.issued_at, s.issued_by, s.note, s.total_price_to_twin,
        s.total_price_to_reseller, s.corrections_price_to_twin, s.corrections_price_to_reseller, s.hash,
        w.withdrawn_at, w.reason AS withdrawn_because
    FROM reseller_report.statement s LEFT JOIN reseller_report.statement_withdrawal w ON w.statement_id = s.id
    WHERE reseller_report._may_read(s.reseller_id);
COMMENT ON VIEW reseller_report.statements IS
    'The statements of the resellers whose usage you may read, also those that were withdrawn. Money is in the reseller''s '
    'currency.';
COMMENT ON COLUMN reseller_report.statements.id IS 'The statement''s id, unique among all resellers.';
COMMENT ON COLUMN reseller_report.statements.reseller_id IS 'The reseller whose usage it bills.';
COMMENT ON COLUMN reseller_report.statements.number IS 'Counts from 1 for each reseller, without gaps.';
COMMENT ON COLUMN reseller_report.statements.period_from IS 'When the billed period begins.';
COMMENT ON COLUMN reseller_report.statements.period_to IS 'The first moment that is no longer in the period.';
COMMENT ON COLUMN reseller_report.statements.issued_at IS 'When it was issued.';
COMMENT ON COLUMN reseller_report.statements.issued_by IS 'The role that issued it.';
COMMENT ON COLUMN reseller_report.statements.note IS 'What was noted when it was issued; NULL: nothing.';
COMMENT ON COLUMN reseller_report.statements.total_price_to_twin IS
    'The sum of its lines, corrections of other statements included: charged for the services of the platform.';
COMMENT ON COLUMN reseller_report.statements.total_price_to_reseller IS
    'The sum of its lines, corrections of other statements included: earned by the reseller.';
COMMENT ON COLUMN reseller_report.statements.corrections_price_to_twin IS
    'The part of total_price_to_twin that corrects other statements.';
COMMENT ON COLUMN reseller_report.statements.corrections_price_to_reseller IS
    'The part of total_price_to_reseller that corrects other statements.';
COMMENT ON COLUMN reseller_report.statements.hash IS
    'SHA-256, in hexadecimal, of its head, its lines and the hash of the reseller''s issue or withdrawal before.';
COMMENT ON COLUMN reseller_report.statements.withdrawn_at IS 'When it was withdrawn; NULL: it is in force.';
COMMENT ON COLUMN reseller_report.statements.withdrawn_because IS 'The reason that was given; NULL: it is in force.';

CREATE VIEW reseller_report.statement_lines WITH (security_barrier) AS
    SELECT l.statement_id, l.corrects, l.company_id, l.company_name, l.service, l.item, l.events, l.delivered, l.seconds,
        l.price_to_twin, l.price_to_reseller
    FROM reseller_report.statement s JOIN reseller_report.statement_line l ON l.statement_id = s.id
    WHERE reseller_report._may_read(s.reseller_id)
    ORDER BY l.statement_id, l.line;
COMMENT ON VIEW reseller_report.statement_lines IS
    'The lines of the statements of resellers whose usage you may read, in order: first what was used in its period, then '
    'corrections of other statements.';
COMMENT ON COLUMN reseller_report.statement_lines.statement_id IS 'The id of the statement that has the line.';
COMMENT ON COLUMN reseller_report.statement_lines.corrects IS
    'The number of the statement of the same reseller that the line corrects; NULL: usage of the statement''s own period.';
COMMENT ON COLUMN reseller_report.statement_lines.company_id IS 'The company that used the services.';
COMMENT ON COLUMN reseller_report.statement_lines.company_name IS 'The name of the company when the statement was issued.';
COMMENT ON COLUMN reseller_report.statement_lines.service IS
    'text_messaging, chat, telephony_outgoing, telephony_incoming or bot.';
COMMENT ON COLUMN reseller_report.statement_lines.item IS 'What the service counts: sms, operator, outgoing_call ...';
COMMENT ON COLUMN reseller_report.statement_lines.events IS 'Messages or calls: a count; in a correction, how many more.';
COMMENT ON COLUMN reseller_report.statement_lines.delivered IS 'Those of them that were delivered: a count.';
COMMENT ON COLUMN reseller_report.statement_lines.seconds IS 'The duration of calls in seconds.';
COMMENT ON COLUMN reseller_report.statement_lines.price_to_twin IS
    'Charged for the services of the platform, in the reseller''s currency.';
COMMENT ON COLUMN reseller_report.statement_lines.price_to_reseller IS 'Earned by the reseller, in the reseller''s currency.';
