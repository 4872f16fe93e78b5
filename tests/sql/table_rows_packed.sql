-- The same where days of few changes are packed.
SET reseller_report.largest_packed_day = 25;
\ir table_rows.sql
