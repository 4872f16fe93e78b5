// Restoring dumps. A dump brings raw usage, summaries, pending changes, dependencies and the registry as they were, in any order
// and by several workers at once. Nothing of it may be captured, moved or followed again. A session may go on after the script of a
// dump, and still has the script's settings. So only commands that a dump consists of are taken for a part of one.
#pragma once

namespace reseller_report {

/// Whether this session has the settings that every script of pg_dump and every worker of pg_restore sets first.
bool has_settings_of_a_restore();

/// Whether this session may be restoring a dump. It has the settings of a restore, nobody has held the lease in this database yet,
/// and every source that it has came with a dump.
bool may_be_loading_dump();

/// Whether rows of dependency that come now are a dump's: by one COPY, or by pg_restore's INSERTs.
bool is_loading_dependencies();

/// Whether this session is pg_restore's.
bool is_pg_restore();

/// Raises 55000, saying what a restore of schema and data apart needs.
[[noreturn]] void throw_restore_in_parts();

}  // namespace reseller_report
