-- ---------------------------------------------------------------------------------------------------------------------
-- Rights, dumps and publications
-- ---------------------------------------------------------------------------------------------------------------------

REVOKE ALL ON ALL ROUTINES IN SCHEMA reseller_report FROM PUBLIC;
GRANT USAGE ON SCHEMA reseller_report TO PUBLIC;
GRANT EXECUTE ON FUNCTION
    reseller_report._capture(),
    reseller_report._pending(),
    reseller_report._freshness(),
    reseller_report._may_read(bigint),
    reseller_report._rebuild_procedure_slices(regclass, timestamptz, timestamptz),
    reseller_report._rebuild_procedure_slice(regclass, timestamptz, timestamptz),
    reseller_report.text_messaging(bigint, timestamptz, timestamptz, boolean),
    reseller_report.chat(bigint, timestamptz, timestamptz, boolean),
    reseller_report.telephony_outgoing(bigint, timestamptz, timestamptz, boolean),
    reseller_report.telephony_incoming(bigint, timestamptz, timestamptz, boolean),
    reseller_report.bot(bigint, timestamptz, timestamptz, boolean),
    reseller_report.totals(bigint, timestamptz, timestamptz),
    reseller_report.usage(bigint, timestamptz, timestamptz, text),
    reseller_report.usage_series(bigint, timestamptz, timestamptz, text, text, bigint, text),
    reseller_report.named_period(bigint, text, timestamptz),
    reseller_report.reseller_and_companies(bigint, timestamptz, timestamptz, boolean, text[], text, text, integer, integer),
    reseller_report.usage_events(bigint, bigint, text, timestamptz, timestamptz, text, integer, jsonb),
    reseller_report.open_corrections(bigint),
    reseller_report.verify_statements(bigint),
    reseller_report.counted_as(regclass, jsonb)
    TO PUBLIC;
GRANT SELECT ON reseller_report.resellers, reseller_report.reseller_companies, reseller_report.quarter_hourly_usage,
    reseller_report.hourly_usage, reseller_report.daily_usage, reseller_report.monthly_usage, reseller_report.statements,
    reseller_report.statement_lines TO PUBLIC;

-- What a dump must carry. Usage tables are users' own, and are dumped as such.
SELECT pg_catalog.pg_extension_config_dump('reseller_report.company', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.dependency', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source_built', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source_unbuilt', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source_leaf', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.source_gone', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_delta', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_run', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_packed', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_quarter', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_hour', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_day', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_month', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.usage_year', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.statement_turn', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.statement_company', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.statement', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.statement_line', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.statement_withdrawal', '');
SELECT pg_catalog.pg_extension_config_dump('reseller_report.statement_id_seq', '');
-- A grant to a role that was dropped would be dumped as a bare number. Where it is restored, another role may have that number.
SELECT pg_catalog.pg_extension_config_dump('reseller_report.access',
    'WHERE role IN (SELECT oid FROM pg_catalog.pg_roles)');

-- A publication may name these tables, and a publication of all tables has them. Without a replica identity the server would then
-- refuse to delete from them.
ALTER TABLE reseller_report.dependency REPLICA IDENTITY FULL;
ALTER TABLE reseller_report.source_built REPLICA IDENTITY FULL;
ALTER TABLE reseller_report.source_unbuilt REPLICA IDENTITY FULL;
ALTER TABLE reseller_report.source_gone REPLICA IDENTITY FULL;
ALTER TABLE reseller_report.usage_delta REPLICA IDENTITY FULL;
ALTER TABLE reseller_report.usage_run REPLICA IDENTITY FULL;
ALTER TABLE reseller_report.access REPLICA IDENTITY FULL;
