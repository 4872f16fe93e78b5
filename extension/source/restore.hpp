// Recognizes the restore of a dump. A dump brings raw usage, summaries, pending changes, dependencies and the registry as they
// were, in any order and by several workers at once. Nothing of it may be captured, moved or followed again. The settings of a
// dump's script do not tell a restore for certain: a session may go on after the script and still have them. So besides the
// settings, a command must be one of those that dumps consist of.
#pragma once

namespace reseller_report {

/// Whether this session has the settings that every script of pg_dump and every worker of pg_restore sets first.
bool has_settings_of_a_restore();

/// Whether this session may be restoring a dump. It has the settings of a restore, nobody has held the lease in this database yet,
/// and every source that it has came with a dump.
bool may_be_loading_dump();

/// Whether rows that are inserted into dependency now come from a dump: by COPY, or by INSERTs of pg_restore.
bool is_loading_dependencies();

/// Whether this session is pg_restore's.
bool is_pg_restore();

/// Raises 55000, with a hint at what to do where schema and data are restored apart.
[[noreturn]] void throw_restore_in_parts();

}  // namespace reseller_report
