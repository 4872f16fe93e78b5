-- The same where days of few changes are packed, and grow out of it.
SET reseller_report.largest_packed_day = 25;
\ir oracle_random.sql
