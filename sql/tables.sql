-- ---------------------------------------------------------------------------------------------------------------------
-- Tables for tools that write their own queries. Each is a foreign table of a wrapper of the extension's own, on which nobody but
-- the owner has rights, and a view that shows it. The wrapper shows the rows of those resellers that the current role may read.
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION reseller_report._tables_handler() RETURNS fdw_handler
    LANGUAGE c SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'reseller_report_tables_handler';
CREATE FOREIGN DATA WRAPPER reseller_report_tables HANDLER reseller_report._tables_handler;
CREATE SERVER reseller_report_tables FOREIGN DATA WRAPPER reseller_report_tables;

CREATE FOREIGN TABLE reseller_report._resellers (
    reseller_id bigint,
    name        text,
    time_zone   text,
    currency    text
) SERVER reseller_report_tables;
CREATE VIEW reseller_report.resellers AS
    SELECT reseller_id, name, time_zone, currency FROM reseller_report._resellers;
COMMENT ON VIEW reseller_report.resellers IS 'The resellers whose usage you may read.';
COMMENT ON COLUMN reseller_report.resellers.reseller_id IS 'The reseller''s id as a company.';
COMMENT ON COLUMN reseller_report.resellers.name IS 'The name of the reseller now.';
COMMENT ON COLUMN reseller_report.resellers.time_zone IS 'The zone in which the days and months of the reseller begin.';
COMMENT ON COLUMN reseller_report.resellers.currency IS 'The currency of all amounts of the reseller''s companies.';

CREATE FOREIGN TABLE reseller_report._reseller_companies (
    reseller_id  bigint,
    company_id   bigint,
    company_name text,
    since        timestamptz,
    until        timestamptz
) SERVER reseller_report_tables;
CREATE VIEW reseller_report.reseller_companies AS
    SELECT reseller_id, company_id, company_name, since, until FROM reseller_report._reseller_companies;
COMMENT ON VIEW reseller_report.reseller_companies IS
    'The companies that depend on a reseller, or did: one row for each of both, also where a company left and came again.';
COMMENT ON COLUMN reseller_report.reseller_companies.reseller_id IS 'The reseller.';
COMMENT ON COLUMN reseller_report.reseller_companies.company_id IS 'The company that depends on it.';
COMMENT ON COLUMN reseller_report.reseller_companies.company_name IS 'The name of the company now.';
COMMENT ON COLUMN reseller_report.reseller_companies.since IS 'When it became dependent for the first time; NULL: always.';
COMMENT ON COLUMN reseller_report.reseller_companies.until IS 'When it ceases to be dependent for the last time; NULL: never.';

CREATE FOREIGN TABLE reseller_report._quarter_hourly_usage (
    reseller_id       bigint,
    company_id        bigint,
    company_name      text,
    service           text,
    item              text,
    bucket            timestamptz,
    events            bigint,
    delivered         bigint,
    seconds           bigint,
    price_to_twin     numeric(38,6),
    price_to_reseller numeric(38,6)
) SERVER reseller_report_tables;
CREATE VIEW reseller_report.quarter_hourly_usage AS
    SELECT reseller_id, company_id, company_name, service, item, bucket, events, delivered, seconds, price_to_twin,
        price_to_reseller
    FROM reseller_report._quarter_hourly_usage;

CREATE FOREIGN TABLE reseller_report._hourly_usage (
    reseller_id       bigint,
    company_id        bigint,
    company_name      text,
    service           text,
    item              text,
    bucket            timestamptz,
    events            bigint,
    delivered         bigint,
    seconds           bigint,
    price_to_twin     numeric(38,6),
    price_to_reseller numeric(38,6)
) SERVER reseller_report_tables;
CREATE VIEW reseller_report.hourly_usage AS
    SELECT reseller_id, company_id, company_name, service, item, bucket, events, delivered, seconds, price_to_twin,
        price_to_reseller
    FROM reseller_report._hourly_usage;

CREATE FOREIGN TABLE reseller_report._daily_usage (
    reseller_id       bigint,
    company_id        bigint,
    company_name      text,
    service           text,
    item              text,
    day               date,
    bucket            timestamptz,
    events            bigint,
    delivered         bigint,
    seconds           bigint,
    price_to_twin     numeric(38,6),
    price_to_reseller numeric(38,6)
) SERVER reseller_report_tables;
CREATE VIEW reseller_report.daily_usage AS
    SELECT reseller_id, company_id, company_name, service, item, day, bucket, events, delivered, seconds, price_to_twin,
        price_to_reseller
    FROM reseller_report._daily_usage;
COMMENT ON COLUMN reseller_report.daily_usage.day IS 'The day in the reseller''s own zone.';

CREATE FOREIGN TABLE reseller_report._monthly_usage (
    reseller_id       bigint,
    company_id        bigint,
    company_name      text,
    service           text,
    item              text,
    month             date,
    bucket            timestamptz,
    events            bigint,
    delivered         bigint,
    seconds           bigint,
    price_to_twin     numeric(38,6),
    price_to_reseller numeric(38,6)
) SERVER reseller_report_tables;
CREATE VIEW reseller_report.monthly_usage AS
    SELECT reseller_id, company_id, company_name, service, item, month, bucket, events, delivered, seconds, price_to_twin,
        price_to_reseller
    FROM reseller_report._monthly_usage;
COMMENT ON COLUMN reseller_report.monthly_usage.month IS 'The first day of the month in the reseller''s own zone.';

COMMENT ON VIEW reseller_report.quarter_hourly_usage IS
    'Usage of companies whose reseller you may read: one row for each company, item and quarter hour of UTC '
    'with any usage, as the reports count it. Conditions and groups on other columns than figures read only what they name.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.reseller_id IS 'The reseller that the company depended on at the time.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.company_id IS 'The company that used the services.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.company_name IS 'The name of the company now.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.service IS
    'text_messaging, chat, telephony_outgoing, telephony_incoming or bot.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.item IS 'What the service counts: sms, operator, outgoing_call ...';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.bucket IS 'When the quarter hour begins.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.events IS 'Messages or calls: a count.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.delivered IS 'Those of them that were delivered: a count.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.seconds IS 'The duration of calls in seconds.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.price_to_twin IS
    'Charged for the services of the platform, in the reseller''s currency.';
COMMENT ON COLUMN reseller_report.quarter_hourly_usage.price_to_reseller IS 'Earned by the reseller, in the reseller''s currency.';

COMMENT ON VIEW reseller_report.hourly_usage IS
    'Usage of companies whose reseller you may read: one row for each company, item and hour of UTC '
    'with any usage, as the reports count it. Conditions and groups on other columns than figures read only what they name.';
COMMENT ON COLUMN reseller_report.hourly_usage.reseller_id IS 'The reseller that the company depended on at the time.';
COMMENT ON COLUMN reseller_report.hourly_usage.company_id IS 'The company that used the services.';
COMMENT ON COLUMN reseller_report.hourly_usage.company_name IS 'The name of the company now.';
COMMENT ON COLUMN reseller_report.hourly_usage.service IS
    'text_messaging, chat, telephony_outgoing, telephony_incoming or bot.';
COMMENT ON COLUMN reseller_report.hourly_usage.item IS 'What the service counts: sms, operator, outgoing_call ...';
COMMENT ON COLUMN reseller_report.hourly_usage.bucket IS 'When the hour begins.';
COMMENT ON COLUMN reseller_report.hourly_usage.events IS 'Messages or calls: a count.';
COMMENT ON COLUMN reseller_report.hourly_usage.delivered IS 'Those of them that were delivered: a count.';
COMMENT ON COLUMN reseller_report.hourly_usage.seconds IS 'The duration of calls in seconds.';
COMMENT ON COLUMN reseller_report.hourly_usage.price_to_twin IS
    'Charged for the services of the platform, in the reseller''s currency.';
COMMENT ON COLUMN reseller_report.hourly_usage.price_to_reseller IS 'Earned by the reseller, in the reseller''s currency.';

COMMENT ON VIEW reseller_report.daily_usage IS
    'Usage of companies whose reseller you may read: one row for each company, item and day of the reseller''s own zone '
    'with any usage, as the reports count it. Conditions and groups on other columns than figures read only what they name.';
COMMENT ON COLUMN reseller_report.daily_usage.reseller_id IS 'The reseller that the company depended on at the time.';
COMMENT ON COLUMN reseller_report.daily_usage.company_id IS 'The company that used the services.';
COMMENT ON COLUMN reseller_report.daily_usage.company_name IS 'The name of the company now.';
COMMENT ON COLUMN reseller_report.daily_usage.service IS
    'text_messaging, chat, telephony_outgoing, telephony_incoming or bot.';
COMMENT ON COLUMN reseller_report.daily_usage.item IS 'What the service counts: sms, operator, outgoing_call ...';
COMMENT ON COLUMN reseller_report.daily_usage.bucket IS 'When the day begins.';
COMMENT ON COLUMN reseller_report.daily_usage.events IS 'Messages or calls: a count.';
COMMENT ON COLUMN reseller_report.daily_usage.delivered IS 'Those of them that were delivered: a count.';
COMMENT ON COLUMN reseller_report.daily_usage.seconds IS 'The duration of calls in seconds.';
COMMENT ON COLUMN reseller_report.daily_usage.price_to_twin IS
    'Charged for the services of the platform, in the reseller''s currency.';
COMMENT ON COLUMN reseller_report.daily_usage.price_to_reseller IS 'Earned by the reseller, in the reseller''s currency.';

COMMENT ON VIEW reseller_report.monthly_usage IS
    'Usage of companies whose reseller you may read: one row for each company, item and month of the reseller''s own zone '
    'with any usage, as the reports count it. Conditions and groups on other columns than figures read only what they name.';
COMMENT ON COLUMN reseller_report.monthly_usage.reseller_id IS 'The reseller that the company depended on at the time.';
COMMENT ON COLUMN reseller_report.monthly_usage.company_id IS 'The company that used the services.';
COMMENT ON COLUMN reseller_report.monthly_usage.company_name IS 'The name of the company now.';
COMMENT ON COLUMN reseller_report.monthly_usage.service IS
    'text_messaging, chat, telephony_outgoing, telephony_incoming or bot.';
COMMENT ON COLUMN reseller_report.monthly_usage.item IS 'What the service counts: sms, operator, outgoing_call ...';
COMMENT ON COLUMN reseller_report.monthly_usage.bucket IS 'When the month begins.';
COMMENT ON COLUMN reseller_report.monthly_usage.events IS 'Messages or calls: a count.';
COMMENT ON COLUMN reseller_report.monthly_usage.delivered IS 'Those of them that were delivered: a count.';
COMMENT ON COLUMN reseller_report.monthly_usage.seconds IS 'The duration of calls in seconds.';
COMMENT ON COLUMN reseller_report.monthly_usage.price_to_twin IS
    'Charged for the services of the platform, in the reseller''s currency.';
COMMENT ON COLUMN reseller_report.monthly_usage.price_to_reseller IS 'Earned by the reseller, in the reseller''s currency.';
