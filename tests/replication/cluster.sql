-- What the nodes of cluster.t have besides extension, usage tables and oracle. Three publishers write into one table, journal,
-- whose key has the publisher: each transaction of a publisher notes a digest of all that the publisher has then. On a subscriber,
-- in any snapshot, what is there of a publisher must have the digest of the last entry that is there: so it is what the publisher
-- had after that transaction, neither more nor less.
CREATE SCHEMA cluster;
CREATE TABLE cluster.journal (publisher text, n bigint, digest text NOT NULL, PRIMARY KEY (publisher, n));

CREATE FUNCTION cluster.digest(publisher text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('%s rows, %s', count(*), coalesce(sum(hashtextextended(r, 0)), 0))
    FROM (SELECT 'text' || t FROM usage.text_message t WHERE publisher = 'texts'
        UNION ALL SELECT 'bot' || t FROM usage.bot_message t WHERE publisher = 'texts'
        UNION ALL SELECT 'company' || t FROM reseller_report.company t WHERE publisher = 'texts'
        UNION ALL SELECT 'dependency' || t FROM reseller_report.dependency t WHERE publisher = 'texts'
        UNION ALL SELECT 'chat' || t FROM usage.chat_message t WHERE publisher = 'chats'
        UNION ALL SELECT 'call' || t FROM usage.phone_call t WHERE publisher = 'calls') AS rows (r)
$$;

-- Each company belongs to some reseller at any time.
CREATE FUNCTION cluster.companies() RETURNS void LANGUAGE sql AS $$
    INSERT INTO reseller_report.company
        SELECT n, 'Reseller ' || n, true FROM generate_series(1, 3) n
        UNION ALL SELECT n, 'Company ' || n, false FROM generate_series(11, 40) n;
    INSERT INTO reseller_report.dependency SELECT 1 + n % 3, n FROM generate_series(11, 40) n;
$$;

-- A transaction's work: `size` events, some changes of earlier ones, and of the publisher of the list a move or two.
CREATE FUNCTION cluster.work(publisher text, size int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE publisher
    WHEN 'texts' THEN
        INSERT INTO usage.text_message (company_id, channel, occurred_at, price_twin, price_reseller)
            SELECT 11 + random() * 29, (ARRAY['sms', 'viber', 'email'])[1 + floor(random() * 3)], random_usage.moment(),
                random_usage.price(), random_usage.price() FROM generate_series(1, size);
        INSERT INTO usage.bot_message (company_id, occurred_at, billable, price_twin)
            SELECT 11 + random() * 29, random_usage.moment(), random() < 0.7, random_usage.price()
            FROM generate_series(1, size / 2);
        UPDATE usage.text_message SET delivered_at = now() WHERE delivered_at IS NULL AND random() < 0.1;
        UPDATE usage.text_message SET occurred_at = random_usage.moment() WHERE random() < 0.02;
        DELETE FROM usage.text_message WHERE random() < 0.03;
        DELETE FROM usage.bot_message WHERE random() < 0.05;
        IF random() < 0.6 THEN
            PERFORM reseller_report.move_company(11 + floor(random() * 30)::bigint, 1 + floor(random() * 3)::bigint,
                date_bin('15 minutes', random_usage.moment(), '2000-01-01'));
        ELSE
            UPDATE reseller_report.dependency SET reseller_id = 1 + floor(random() * 3)
                WHERE company_id = 11 + floor(random() * 30);
        END IF;
    WHEN 'chats' THEN
        INSERT INTO usage.chat_message (company_id, sender, via_alice, occurred_at, price_twin, price_reseller)
            SELECT 11 + random() * 29, (ARRAY['operator', 'bot', 'user'])[1 + floor(random() * 3)], random() < 0.3,
                random_usage.moment(), random_usage.price(), random_usage.price() FROM generate_series(1, size);
        UPDATE usage.chat_message SET via_alice = NOT via_alice, price_twin = -price_twin WHERE random() < 0.03;
        DELETE FROM usage.chat_message WHERE random() < 0.05;
    WHEN 'calls' THEN
        INSERT INTO usage.phone_call (company_id, direction, occurred_at, duration_seconds, price_twin, price_reseller)
            SELECT 11 + random() * 29, (ARRAY['outgoing', 'incoming'])[1 + floor(random() * 2)], random_usage.moment(),
                random() * 1000, random_usage.price(), random_usage.price() FROM generate_series(1, size);
        UPDATE usage.phone_call SET direction = 'incoming', duration_seconds = duration_seconds + 7 WHERE random() < 0.03;
        DELETE FROM usage.phone_call WHERE random() < 0.05;
    END CASE;
    INSERT INTO cluster.journal
        SELECT publisher, 1 + (SELECT coalesce(max(j.n), 0) FROM cluster.journal j), cluster.digest(publisher);
END
$$;

-- What is wrong in this snapshot: nothing.
CREATE FUNCTION cluster.wrong() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT format('%s is no prefix: %s after %s, of which %s are there; here %s', p, last.digest, last.n, last.entries,
            cluster.digest(p))
        FROM unnest(ARRAY['texts', 'chats', 'calls']) p,
            LATERAL (SELECT max(j.n) AS n, count(*) AS entries, (array_agg(j.digest ORDER BY j.n DESC))[1] AS digest
                FROM cluster.journal j WHERE j.publisher = p) last
        WHERE last.n IS DISTINCT FROM last.entries OR last.digest IS DISTINCT FROM cluster.digest(p);
    RETURN QUERY SELECT 'reports differ: ' || d FROM oracle.compare(1, '2024-03-01', '100 days') d;
    -- Companies move from reseller to reseller, and the sum over resellers stays what was written.
    RETURN QUERY SELECT 'the sum over resellers is ' || reported || ', and ' || written || ' was written'
        FROM (SELECT concat_ws(' ', sum(t.events), sum(t.total_price_to_twin)) AS reported
                FROM generate_series(1, 3) r, reseller_report.totals(r, '-infinity', 'infinity') t) a,
            (SELECT concat_ws(' ', count(*), sum(price_twin)) AS written
                FROM (SELECT price_twin FROM usage.text_message UNION ALL SELECT price_twin FROM usage.bot_message
                    UNION ALL SELECT price_twin FROM usage.chat_message UNION ALL SELECT price_twin FROM usage.phone_call) u) b
        WHERE reported <> written;
END
$$;
