-- ---------------------------------------------------------------------------------------------------------------------
-- Freshness: how far a node is that gets its usage by replication
-- ---------------------------------------------------------------------------------------------------------------------

-- Written in the transaction that it is about, so a snapshot that sees a row here sees all that the publisher had committed at that
-- position. The server's own figures cannot tell that: they move on just before the transaction becomes visible.
CREATE TABLE reseller_report.applied (
    subscription oid PRIMARY KEY,
    lsn          pg_lsn NOT NULL,
    committed_at timestamptz NOT NULL
);
COMMENT ON TABLE reseller_report.applied IS
    'The last transaction that each subscription of this database has applied: where it ends in the publisher''s log, and when the '
    'publisher committed it. Only apply workers write here.';
-- Each node has its own: rows that a publication brings from another node are ignored.
CREATE TRIGGER ignore_row BEFORE INSERT OR UPDATE OR DELETE ON reseller_report.applied
    FOR EACH ROW EXECUTE FUNCTION reseller_report._ignore_row();
ALTER TABLE reseller_report.applied ENABLE REPLICA TRIGGER ignore_row;

-- Of each subscription of this database, what its apply worker says of itself. On a standby there are no workers.
-- latest_end_lsn: the publisher has said that it had sent all up to here, and the worker has applied all that came before that.
-- remote_lsn: the last transaction applied, which may not be visible yet while a worker is at work.
CREATE VIEW reseller_report._subscriptions AS
    SELECT s.oid, s.subname::text AS name, s.subenabled AS is_enabled, s.subslotname AS slot, w.pid, w.received_lsn,
        w.latest_end_lsn, w.heard_at, a.lsn AS visible_lsn, a.committed_at,
        (SELECT nullif(o.remote_lsn, '0/0') FROM pg_replication_origin_status o WHERE o.external_id = 'pg_' || s.oid) AS remote_lsn,
        (SELECT count(*) FROM pg_subscription_rel r WHERE r.srsubid = s.oid) AS tables,
        (SELECT count(*) FROM pg_subscription_rel r WHERE r.srsubid = s.oid AND r.srsubstate NOT IN ('s', 'r')) AS tables_missing
    FROM pg_subscription s
    LEFT JOIN (
        -- One row a subscription: workers that copy tables and those that apply in parallel have no positions.
        SELECT subid, (array_agg(pid ORDER BY received_lsn DESC NULLS LAST))[1] AS pid, max(received_lsn) AS received_lsn,
            max(latest_end_lsn) AS latest_end_lsn, max(last_msg_receipt_time) AS heard_at
        FROM pg_stat_subscription WHERE relid IS NULL AND pid IS NOT NULL GROUP BY subid) w ON w.subid = s.oid
    LEFT JOIN reseller_report.applied a ON a.subscription = s.oid
    WHERE s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());

-- What is not as it should be, and where to look; the first word is the same whatever the rest says.
CREATE FUNCTION reseller_report._state_of_subscription(
    s reseller_report._subscriptions, received_lsn pg_lsn, applied_lsn pg_lsn) RETURNS text
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT CASE
        WHEN pg_is_in_recovery() THEN 'elsewhere: the primary of this standby applies it; see the row of the standby, too'
        WHEN s.slot IS NULL THEN 'disabled: it has no slot; ALTER SUBSCRIPTION ' || quote_ident(s.name)
            || ' SET (slot_name = ...), and ENABLE'
        WHEN NOT s.is_enabled THEN 'disabled: ALTER SUBSCRIPTION ' || quote_ident(s.name) || ' ENABLE' || failures.said
        WHEN s.pid IS NULL OR s.received_lsn IS NULL THEN 'disconnected: the log of this server says why; see also slot '
            || quote_ident(s.slot) || ' in pg_replication_slots of the publisher, and max_logical_replication_workers here'
            || failures.said
        WHEN cardinality(pg_blocking_pids(s.pid)) > 0 THEN format('blocked: process %s waits for process %s; see pg_stat_activity',
            s.pid, array_to_string(pg_blocking_pids(s.pid), ', '))
        WHEN s.tables_missing > 0 THEN format('copying: %s of %s tables are here; see pg_subscription_rel',
            s.tables - s.tables_missing, s.tables)
        WHEN received_lsn > applied_lsn OR applied_lsn IS NULL THEN 'catching up'
        ELSE 'streaming' END
    FROM (
        -- PostgreSQL 19 counts more kinds of errors, and has another name for one.
        SELECT coalesce((SELECT format('; errors so far: %s, which the log of this server has', sum(c.value::bigint))
            FROM pg_stat_subscription_stats e, jsonb_each_text(to_jsonb(e)) c
            WHERE e.subid = s.oid AND c.key ~ '^(apply|sync)_.*error_count$' HAVING sum(c.value::bigint) > 0), '')) failures (said)
$$;

-- Not negative: the moment may be of another machine's clock.
CREATE FUNCTION reseller_report._time_since(moment timestamptz) RETURNS interval
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT CASE WHEN moment IS NOT NULL THEN greatest(clock_timestamp() - moment, '0') END $$;

-- Where this node is, in the terms of freshness.
CREATE VIEW reseller_report._replication AS
    SELECT 'subscription' AS kind, s.name, p.complete_through, p.received_lsn, p.applied_lsn,
        (p.received_lsn - p.applied_lsn)::bigint AS lag_bytes,
        reseller_report._time_since(CASE WHEN p.state = 'streaming' THEN s.heard_at ELSE p.complete_through END) AS lag,
        p.state
    FROM reseller_report._subscriptions s
    CROSS JOIN LATERAL (
        SELECT greatest(s.visible_lsn, s.latest_end_lsn, CASE WHEN s.pid IS NULL THEN s.remote_lsn END) AS applied_lsn) a
    CROSS JOIN LATERAL (SELECT a.applied_lsn, greatest(s.received_lsn, a.applied_lsn) AS received_lsn) b
    CROSS JOIN LATERAL (
        SELECT b.applied_lsn, b.received_lsn, CASE WHEN s.tables_missing = 0 THEN s.committed_at END AS complete_through,
            reseller_report._state_of_subscription(s, b.received_lsn, b.applied_lsn) AS state) p
    UNION ALL
    SELECT 'standby', 'standby', p.complete_through, p.received_lsn, p.applied_lsn, (p.received_lsn - p.applied_lsn)::bigint,
        reseller_report._time_since(CASE WHEN p.state = 'streaming' THEN p.heard_at ELSE p.complete_through END),
        p.state
    FROM (SELECT r.complete_through, r.received_lsn, r.applied_lsn, w.heard_at,
            CASE WHEN r.is_paused THEN 'paused: SELECT pg_wal_replay_resume()'
                WHEN w.status IS DISTINCT FROM 'streaming' THEN
                    'disconnected: the log of this server says why; see also primary_conninfo here, and pg_replication_slots there'
                WHEN r.received_lsn > r.applied_lsn THEN 'catching up'
                ELSE 'streaming' END AS state
        FROM (SELECT pg_last_xact_replay_timestamp() AS complete_through, pg_last_wal_replay_lsn() AS applied_lsn,
                greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) AS received_lsn,
                CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() <> 'not paused' END AS is_paused) r
        LEFT JOIN (SELECT status, last_msg_receipt_time AS heard_at FROM pg_stat_wal_receiver) w ON true) p
    WHERE pg_is_in_recovery();

-- The rows of _replication. PUBLIC may execute it, because a view's functions are called with the rights of its reader; but it
-- refuses (42501) whoever may not read the view.
CREATE FUNCTION reseller_report._freshness(
    OUT kind text, OUT name text, OUT complete_through timestamptz, OUT received_lsn pg_lsn, OUT applied_lsn pg_lsn,
    OUT lag_bytes bigint, OUT lag interval, OUT state text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED ROWS 3 SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_freshness';

CREATE VIEW reseller_report.freshness AS
    SELECT f.kind, f.name, f.complete_through, f.received_lsn, f.applied_lsn, f.lag_bytes, f.lag, f.state
    FROM reseller_report._freshness() f;
COMMENT ON VIEW reseller_report.freshness IS
    'How far this node is with what it gets by replication: a row for each subscription of the database, and on a standby one for '
    'its replay. Up to complete_through, by the publisher''s clock, all that was committed is here; state says what to look at.';

-- Whether all that the publisher had committed at a position is visible to the next snapshot. NULL where there is no such
-- subscription, and this is no standby that is meant.
CREATE FUNCTION reseller_report._is_applied(subscription name, wanted pg_lsn) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    s reseller_report._subscriptions;
BEGIN
    SELECT * INTO s FROM reseller_report._subscriptions v WHERE v.name = subscription;
    IF NOT FOUND THEN
        RETURN CASE WHEN subscription = 'standby' AND pg_is_in_recovery() THEN pg_last_wal_replay_lsn() >= wanted END;
    END IF;
    IF s.tables_missing > 0 THEN
        RETURN false;
    END IF;
    IF s.visible_lsn >= wanted OR s.latest_end_lsn >= wanted THEN
        RETURN true;
    END IF;
    -- A position is noted just before the transaction that it is about becomes visible, which is before the worker's next one.
    RETURN coalesce(s.remote_lsn >= wanted, false) AND NOT EXISTS (
        SELECT FROM pg_locks l JOIN pg_stat_subscription w USING (pid)
        WHERE w.subid = s.oid AND l.locktype = 'virtualxid' AND l.granted);
END
$$;

CREATE FUNCTION reseller_report.wait_until(subscription name, lsn pg_lsn, at_most interval DEFAULT '30s') RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    -- No record ends within the header that begins a page of the log, but a publisher may give such a position as its current one.
    within_page CONSTANT numeric := mod(lsn - '0/0', 8192);
    within_file CONSTANT numeric := mod(lsn - '0/0', 1073741824);
    wanted CONSTANT pg_lsn := CASE WHEN within_page <= 24 THEN lsn - within_page
        WHEN within_file <= 40 THEN lsn - within_file ELSE lsn END;
    deadline timestamptz;
    pause double precision := 0.001;
    is_applied boolean;
BEGIN
    PERFORM reseller_report._require_given('subscription', subscription), reseller_report._require_given('lsn', lsn),
        reseller_report._require_given('at_most', at_most);
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        PERFORM reseller_report._refuse(
            'wait_until cannot be called in a transaction of isolation level ' || current_setting('transaction_isolation'),
            'Its snapshot would not see what is waited for. Call wait_until before BEGIN.', '25001');
    END IF;
    deadline := clock_timestamp() + at_most;
    LOOP
        is_applied := reseller_report._is_applied(subscription, wanted);
        IF is_applied IS NULL THEN
            PERFORM reseller_report._refuse(format('subscription "%s" does not exist', subscription),
                'SELECT name FROM reseller_report.freshness tells which there are.', '42704');
        END IF;
        EXIT WHEN is_applied OR clock_timestamp() >= deadline;
        PERFORM pg_sleep(least(pause, extract(epoch FROM deadline - clock_timestamp())));
        pause := least(pause * 2, 0.05);
    END LOOP;
    RETURN is_applied;
END
$$;
COMMENT ON FUNCTION reseller_report.wait_until(name, pg_lsn, interval) IS
    'Waits until this node has all that the publisher of a subscription had committed at a position, which '
    'pg_current_wal_insert_lsn() tells there; ''standby'' as the subscription waits for the replay of this standby. False where '
    'that takes longer than at_most.';
